-- Sessions: every transition by everybody, who did not come, what never changes, and who gets into the room when.
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

-- One session in each state. Those that have begun are written as they would be later.
insert into public.session_requests (student_id, mentor_id, subject_id, title, description, requested_time, duration)
    select '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
            '00000000-0000-4000-8000-0000000000aa', state, 'what for', date_trunc('day', now()) + days * interval '1 day', 60
        from (values ('scheduled', 2), ('ongoing', 3), ('completed', 4), ('cancelled', 5), ('too early', 6)) as made (state, days);
update public.session_requests set status = 'approved';

select results_eq(
    $$select s.title, s.description, s.scheduled_time, s.end_time, s.duration, s.mentor_id, s.student_id, s.subject_id, s.video_room_id,
            s.mentor_approved, s.mentor_response_at, s.created_by, s.status
        from public.sessions as s order by s.title$$,
    $$select r.title, r.description, r.requested_time, r.end_time, r.duration, r.mentor_id, r.student_id, r.subject_id, r.video_room_id,
            true, r.responded_at, r.mentor_id, 'scheduled'::text
        from public.session_requests as r order by r.title$$,
    'a session copies everything from its request');
select matches(video_room_id, '^room-[a-z0-9]{8}$', 'room of ' || title) from public.sessions;

alter table public.sessions disable trigger user;
update public.sessions
    set status = title, scheduled_time = date_trunc('minute', now()) - interval '2 hours', end_time = date_trunc('minute', now()) - interval '1 hour',
        cancel_reason = case title when 'cancelled' then 'ill' end
    where title <> 'too early';
update public.sessions set scheduled_time = scheduled_time + interval '5 hours', end_time = end_time + interval '5 hours' where title = 'ongoing';
alter table public.sessions enable trigger user;

create temporary table transition (old_status text, new_status text, who text, expected text);
insert into transition
    select old_status, new_status, who,
            case
                when who in ('student', 'stranger') then '0'
                when old_status = new_status then '1'
                when old_status = 'scheduled' and new_status in ('ongoing', 'cancelled') then '1'
                when old_status = 'ongoing' and new_status = 'cancelled' then '1'
                -- this one begins in some hours
                when old_status = 'ongoing' and new_status = 'completed' then case who when 'mentor' then 'too_early' else '1' end
                else 'bad_transition'
            end
        from unnest(array['scheduled', 'ongoing', 'completed', 'cancelled']) as old_status
        cross join unnest(array['scheduled', 'ongoing', 'completed', 'cancelled', 'nonsense']) as new_status
        cross join unnest(array['student', 'mentor', 'stranger', 'service']) as who;
select is((select count(*) from transition), 80::bigint, 'every pair of states for everybody');
select is(
        pg_temp.attempt(p.id, format(
            'update public.sessions set status = %L, cancel_reason = coalesce(cancel_reason, %L) where title = %L',
            new_status, case when new_status = 'cancelled' and old_status <> 'cancelled' then 'ill' end, old_status
        )),
        expected,
        format('%s -> %s by %s', old_status, new_status, who)
    )
    from transition join person as p on p.name = who;

-- The same by the functions.
select is(pg_temp.attempt(p.id, format('select public.%s((select id from public.sessions where title = %L))', call, state)),
        case
            when p.name = 'stranger' then 'not_found'
            when p.name = 'student' then 'not_allowed'
            when state = 'too early' and call = 'start_session' then case p.name when 'mentor' then 'too_early' else '1' end
            when state = 'scheduled' and call = 'start_session' then '1'
            when state = 'ongoing' and call = 'complete_session' then case p.name when 'mentor' then 'too_early' else '1' end
            when state = 'ongoing' and call = 'start_session' or state = 'completed' and call = 'complete_session' then '1'
            else 'bad_transition'
        end,
        format('%s of a %s session by %s', call, state, p.name))
    from unnest(array['start_session', 'complete_session']) as call
    cross join unnest(array['scheduled', 'ongoing', 'completed', 'cancelled', 'too early']) as state
    cross join person as p;
select is(pg_temp.attempt(p.id, format('select public.cancel_session((select id from public.sessions where title = %L), ''ill'')', state)),
        case
            when p.name = 'stranger' then 'not_found'
            when state in ('completed') then 'bad_transition'
            when state = 'cancelled' then '1'  -- said again with the same words
            else '1'
        end,
        format('cancel_session of a %s session by %s', state, p.name))
    from unnest(array['scheduled', 'ongoing', 'completed', 'cancelled']) as state
    cross join person as p;
select is(pg_temp.attempt(p.id, 'select public.cancel_session((select id from public.sessions where title = ''cancelled''), ''other words'')'),
        case p.name when 'stranger' then 'not_found' else 'bad_transition' end, 'a cancellation keeps its reason: ' || p.name)
    from person as p;

select is(pg_temp.attempt(p.id, format('select public.mark_no_show((select id from public.sessions where title = %L), %L)', state, side)),
        case
            when p.name = 'stranger' then 'not_found'
            when side = 'nobody' then 'bad_side'
            when p.name = 'student' and side <> 'mentor' or p.name = 'mentor' and side <> 'student' then 'not_allowed'
            when state = 'cancelled' then 'bad_transition'
            when state in ('ongoing', 'too early') then 'too_early'
            else '1'
        end,
        format('%s did not come to the %s session, says %s', side, state, p.name))
    from unnest(array['scheduled', 'ongoing', 'completed', 'cancelled', 'too early']) as state
    cross join unnest(array['mentor', 'student', 'both', 'nobody']) as side
    cross join person as p;

select is(pg_temp.attempt(null, format('update public.sessions set %s where title = ''scheduled''', change)), 'fixed_field', change)
    from unnest(array[
        $$video_room_id = 'room-aaaaaaaa'$$, $$mentor_approved = false$$, $$mentor_response_at = now() + interval '1 day'$$,
        $$mentor_id = student_id, student_id = mentor_id$$, $$created_by = student_id$$, $$created_at = now() - interval '1 day'$$,
        $$request_id = null$$
    ]) as change;

-- ---------------------------------------------------------------------------------------------- the room
create function pg_temp.room(who uuid, room text) returns jsonb
language plpgsql
as $$
begin
    perform set_config('request.jwt.claims', jsonb_build_object('sub', who, 'role', 'authenticated')::text, true);
    return public.room_access(room);
end
$$;
select is(pg_temp.room(p.id, (select video_room_id from public.sessions where title = state)) ->> 'code', expected, format('%s and the room of a %s session', who, state))
    from (values
        ('student', 'ongoing', null), ('mentor', 'ongoing', null), ('stranger', 'ongoing', 'not_a_participant'),
        ('student', 'too early', 'too_early'), ('mentor', 'too early', 'too_early'), ('stranger', 'too early', 'not_a_participant'),
        ('student', 'completed', 'session_over'), ('mentor', 'cancelled', 'session_over'), ('student', 'scheduled', 'session_over'),
        ('stranger', 'cancelled', 'not_a_participant')
    ) as asked (who, state, expected)
    join person as p on p.name = who;
select is(pg_temp.room(p.id, room) ->> 'code', 'unknown_room', format('%s and %L', p.name, room))
    from person as p cross join unnest(array['room-zzzzzzzz', '', null, 'ROOM-AAAAAAAA', '''; drop table x; --']) as room where p.id is not null;
select is(
    pg_temp.room('00000000-0000-4000-8000-00000000000c', (select video_room_id from public.sessions where title = 'ongoing')) - 'room_id' - 'user_id',
    '{"session_id": null, "name": null, "role": null, "opens_at": null, "closes_at": null, "session_status": null, "may_join": false, "code": "not_a_participant"}'::jsonb,
    'a stranger learns nothing about a room');
select is(
    pg_temp.room('00000000-0000-4000-8000-00000000000a', video_room_id) - 'room_id',
    jsonb_build_object('session_id', id, 'user_id', student_id, 'name', 'Student', 'role', 'student', 'opens_at', scheduled_time - interval '15 minutes',
        'closes_at', end_time + interval '15 minutes', 'session_status', 'ongoing', 'may_join', true, 'code', null),
    'a participant learns all he needs')
    from public.sessions where title = 'ongoing';
-- the edges of the time it is open
alter table public.sessions disable trigger user;
update public.sessions set scheduled_time = now() + edge.starts, end_time = now() + edge.starts + interval '1 hour', status = 'scheduled'
    from (values ('scheduled', interval '15 minutes'), ('too early', interval '15 minutes 10 seconds')) as edge (title, starts)
    where sessions.title = edge.title;
update public.sessions set end_time = now() - interval '14 minutes 50 seconds', scheduled_time = now() - interval '74 minutes 50 seconds' where title = 'ongoing';
alter table public.sessions enable trigger user;
select is(pg_temp.room('00000000-0000-4000-8000-00000000000a', (select video_room_id from public.sessions where title = 'scheduled')) ->> 'code', null, 'open a quarter of an hour before');
select is(pg_temp.room('00000000-0000-4000-8000-00000000000a', (select video_room_id from public.sessions where title = 'too early')) ->> 'code', 'too_early', 'and not before that');
select is(pg_temp.room('00000000-0000-4000-8000-00000000000a', (select video_room_id from public.sessions where title = 'ongoing')) ->> 'code', null, 'open for a quarter of an hour after');

select * from finish();
rollback;
