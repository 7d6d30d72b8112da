-- Requests: every transition by everybody, what may be asked, and what never changes.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select no_plan();

-- What a statement does for a person: how many rows it touched, or the code of what refused it. Undone afterwards.
create function pg_temp.attempt(who uuid, statement text) returns text
language plpgsql
as $$
declare
    touched bigint;
begin
    perform set_config('request.jwt.claims', case when who is null then '{"role": "service_role"}'
        else jsonb_build_object('sub', who, 'role', 'authenticated')::text end, true);
    begin
        execute format('set local role %I', case when who is null then 'service_role' else 'authenticated' end);
        execute statement;
        get diagnostics touched = row_count;
        raise exception using errcode = 'UNDO1', message = touched::text;
    exception
        when sqlstate 'UNDO1' then
            return sqlerrm;
        when sqlstate 'PGRST' then
            return sqlerrm::jsonb ->> 'code';
        when others then
            return sqlstate;
    end;
end
$$;

create temporary table person (name text primary key, id uuid);
insert into person values
    ('student', '00000000-0000-4000-8000-00000000000a'),
    ('mentor', '00000000-0000-4000-8000-00000000000b'),
    ('stranger', '00000000-0000-4000-8000-00000000000c'),
    ('service', null);
insert into auth.users (id, email, raw_user_meta_data)
    select id, name || '@example.test', jsonb_build_object('name', initcap(name), 'is_mentor', name = 'mentor')
        from person where id is not null;
insert into public.subjects (id, name) values ('00000000-0000-4000-8000-0000000000aa', 'States');

-- One request in each state, at times that do not meet.
insert into public.session_requests (student_id, mentor_id, subject_id, title, requested_time, duration)
    select '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
            '00000000-0000-4000-8000-0000000000aa', state, date_trunc('day', now()) + days * interval '1 day', 60
        from (values ('pending', 2), ('approved', 3), ('rejected', 4), ('expired', 5), ('cancelled', 6)) as made (state, days);
update public.session_requests
    set status = title, rejection_reason = case title when 'rejected' then 'no time' end
    where title <> 'pending';

-- ---------------------------------------------------------------------------------------------- every transition
create temporary table transition (old_status text, new_status text, who text, expected text);
insert into transition
    select old_status, new_status, who,
            case
                -- the update policy is the mentor's: to others there is nothing to change
                when who in ('student', 'stranger') then '0'
                when old_status <> 'pending' then 'request_not_pending'
                when new_status = 'pending' then '1'
                when who = 'mentor' then case when new_status in ('approved', 'rejected') then '1' else 'not_allowed' end
                when new_status = 'nonsense' then 'bad_transition'
                else '1'
            end
        from unnest(array['pending', 'approved', 'rejected', 'expired', 'cancelled']) as old_status
        cross join unnest(array['pending', 'approved', 'rejected', 'expired', 'cancelled', 'nonsense']) as new_status
        cross join unnest(array['student', 'mentor', 'stranger', 'service']) as who;
select is((select count(*) from transition), 120::bigint, 'every pair of states for everybody');
select is(
        pg_temp.attempt(p.id, format(
            'update public.session_requests set status = %L, rejection_reason = %L where title = %L',
            new_status, case new_status when 'rejected' then 'no time' end, old_status
        )),
        expected,
        format('%s -> %s by %s', old_status, new_status, who)
    )
    from transition join person as p on p.name = who;

-- The same by the functions, with a word for each refusal.
select is(pg_temp.attempt(p.id, format('select public.%s((select id from public.session_requests where title = %L)%s)',
            call, state, case call when 'reject_request' then ', ''no time''' else '' end)),
        case
            when who = 'stranger' then 'not_found'
            when who <> side and who <> 'service' then 'not_allowed'
            when state <> 'pending' then 'request_not_pending'
            else '1'
        end,
        format('%s of a %s request by %s', call, state, who))
    from (values ('approve_request', 'mentor'), ('reject_request', 'mentor'), ('withdraw_request', 'student')) as calls (call, side)
    cross join unnest(array['pending', 'approved', 'rejected', 'expired', 'cancelled']) as state
    join person as p on true
    cross join lateral (select p.name as who) as named;
select is(pg_temp.attempt(p.id, format('select public.%s(gen_random_uuid()%s)', call, case call when 'reject_request' then ', ''x''' else '' end)),
        'not_found', format('%s of nothing by %s', call, p.name))
    from unnest(array['approve_request', 'reject_request', 'withdraw_request']) as call cross join person as p;

-- ---------------------------------------------------------------------------------------------- lapsed
alter table public.session_requests disable trigger user;
insert into public.session_requests (student_id, mentor_id, subject_id, title, requested_time, end_time, duration, expires_at)
    select '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
            '00000000-0000-4000-8000-0000000000aa', title, starts, starts + interval '1 hour', 60, expires
        from (values
            ('its time has come', date_trunc('minute', now()) - interval '1 minute', date_trunc('minute', now()) - interval '1 minute'),
            ('its ttl ran out', date_trunc('day', now()) + interval '9 days', now() - interval '1 second')
        ) as lapsed (title, starts, expires);
alter table public.session_requests enable trigger user;
select is(pg_temp.attempt(p.id, format('update public.session_requests set status = ''approved'' where title = %L', title)),
        'request_lapsed', format('%s: not approved by %s, though nothing has expired it yet', title, p.name))
    from unnest(array['its time has come', 'its ttl ran out']) as title
    join person as p on p.name in ('mentor', 'service');
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000b', format('select public.approve_request((select id from public.session_requests where title = %L))', title)),
        'request_lapsed', format('%s: not by the function', title))
    from unnest(array['its time has come', 'its ttl ran out']) as title;
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000b', $$update public.session_requests set status = 'rejected', rejection_reason = 'sorry, late' where title = 'its ttl ran out'$$),
    '1', 'a lapsed request can still be rejected');

-- ---------------------------------------------------------------------------------------------- what is asked
create function pg_temp.asked(changes jsonb) returns text
language sql
as $$
    select pg_temp.attempt(
        '00000000-0000-4000-8000-00000000000a',
        format(
            'insert into public.session_requests (student_id, mentor_id, subject_id, title, description, requested_time, duration, idempotency_key)
                values (%L, %L, %L, %L, %L, %L, %L, %L)',
            r ->> 'student_id', r ->> 'mentor_id', r ->> 'subject_id', r ->> 'title', r ->> 'description', r ->> 'requested_time', r ->> 'duration',
            r ->> 'idempotency_key'
        )
    )
        from (select jsonb_build_object(
            'student_id', '00000000-0000-4000-8000-00000000000a',
            'mentor_id', '00000000-0000-4000-8000-00000000000b',
            'subject_id', '00000000-0000-4000-8000-0000000000aa',
            'title', 'Recursion', 'duration', 30, 'requested_time', date_trunc('minute', now()) + interval '20 days'
        ) || changes as r) as asked
$$;
select is(pg_temp.asked('{}'), '1', 'a good request');
select is(pg_temp.asked(changes), expected, format('asked with %s', changes))
    from (values
        ('{"title": null}'::jsonb, 'title_required'),
        ('{"title": ""}', 'title_required'),
        ('{"title": "  \t "}', 'title_required'),
        (jsonb_build_object('title', repeat('x', 200)), '1'),
        (jsonb_build_object('title', repeat('x', 201)), 'text_too_long'),
        (jsonb_build_object('description', repeat('x', 2000)), '1'),
        (jsonb_build_object('description', repeat('x', 2001)), 'text_too_long'),
        (jsonb_build_object('idempotency_key', repeat('x', 201)), 'text_too_long'),
        ('{"duration": null}', 'bad_duration'),
        ('{"duration": 45}', 'bad_duration'),
        ('{"duration": 0}', 'bad_duration'),
        ('{"duration": -30}', 'bad_duration'),
        ('{"duration": 60}', '1'), ('{"duration": 90}', '1'), ('{"duration": 120}', '1'),
        ('{"requested_time": null}', 'time_not_on_minute'),
        ('{"requested_time": "infinity"}', 'time_not_on_minute'),
        (jsonb_build_object('requested_time', date_trunc('minute', now()) + interval '1 day 1 second'), 'time_not_on_minute'),
        (jsonb_build_object('requested_time', date_trunc('minute', now()) + interval '1 day 1 microsecond'), 'time_not_on_minute'),
        (jsonb_build_object('requested_time', date_trunc('minute', now())), 'time_in_past'),
        (jsonb_build_object('requested_time', date_trunc('minute', now()) - interval '1 day'), 'time_in_past'),
        ('{"mentor_id": "00000000-0000-4000-8000-00000000000a"}', 'self_request'),
        ('{"mentor_id": "00000000-0000-4000-8000-00000000000c"}', 'not_a_mentor'),
        ('{"mentor_id": "00000000-0000-4000-8000-0000000000ff"}', 'not_a_mentor'),
        ('{"mentor_id": null}', 'not_a_mentor'),
        ('{"subject_id": "00000000-0000-4000-8000-0000000000ff"}', 'unknown_subject'),
        ('{"subject_id": null}', 'unknown_subject'),
        ('{"student_id": "00000000-0000-4000-8000-00000000000c"}', '42501')
    ) as tried (changes, expected);
select is(pg_temp.attempt(null, $$insert into public.session_requests (student_id, mentor_id, subject_id, title, requested_time, duration, status)
        select student_id, mentor_id, subject_id, 'sneaked in', requested_time + interval '40 days', 30, 'approved' from public.session_requests limit 1$$),
    'not_allowed', 'not even the service starts with an approved request');

-- ---------------------------------------------------------------------------------------------- nothing else changes
select is(pg_temp.attempt(null, format('update public.session_requests set %s where title = ''pending''', change)), 'fixed_field', change)
    from unnest(array[
        $$title = 'another'$$, $$requested_time = requested_time + interval '1 day'$$, $$duration = 90$$,
        $$video_room_id = 'room-aaaaaaaa'$$, $$responded_at = now()$$, $$created_at = now() - interval '1 day'$$,
        $$mentor_id = '00000000-0000-4000-8000-00000000000c'$$, $$expires_at = now()$$, $$id = gen_random_uuid()$$,
        $$status = 'approved', video_room_id = 'room-aaaaaaaa'$$
    ]) as change;
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000b', $$update public.session_requests set rejection_reason = 'hm' where title = 'pending'$$),
    'bad_transition', 'a reason without a rejection');
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000b', $$update public.session_requests set rejection_reason = 'hm' where title = 'rejected'$$),
    'request_not_pending', 'a reason does not change afterwards');

select set_config('request.jwt.claims', '', true);
insert into public.session_templates (mentor_id, subject_id, title, duration)
    values ('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-0000000000aa', 'First talk', 30);
insert into public.session_requests (student_id, mentor_id, subject_id, title, requested_time, duration, template_id)
    select '00000000-0000-4000-8000-00000000000a', mentor_id, subject_id, 'from a template', date_trunc('day', now()) + interval '25 days', duration, id
        from public.session_templates;
select lives_ok('delete from public.session_templates', 'a template that was used can be deleted');
select is(template_id, null, 'and the request stays') from public.session_requests where title = 'from a template';
delete from public.session_requests where title = 'from a template';

-- ---------------------------------------------------------------------------------------------- at most so many open
update private.settings set max_open_requests = 2;
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000a',
    $$insert into public.session_requests (mentor_id, subject_id, title, requested_time, duration)
        select '00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-0000000000aa', 'many', date_trunc('day', now()) + n * interval '1 day', 30
            from generate_series(30, 31) as n$$), 'too_many_open_requests', 'one is open, two more are one too many');
select is(pg_temp.asked('{}'), '1', 'lapsed requests do not count');

select * from finish();
rollback;
