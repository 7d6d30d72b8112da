-- Who is told what, the history, and what happens because time passes.
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

create function pg_temp.as_person(who uuid) returns void
language sql
as $$
    select set_config('request.jwt.claims', jsonb_build_object('sub', who, 'role', 'authenticated')::text, true)
$$;
create temporary view told as
    select n.kind, p.name as recipient, coalesce(r.title, s.title) as title
        from public.notifications as n
        join person as p on p.id = n.recipient_id
        left join public.session_requests as r on r.id = n.request_id
        left join public.sessions as s on s.id = n.session_id;

-- ---------------------------------------------------------------------------------------------- told by what people do
select pg_temp.as_person('00000000-0000-4000-8000-00000000000a');
insert into public.session_requests (student_id, mentor_id, subject_id, title, requested_time, duration)
    select '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
            '00000000-0000-4000-8000-0000000000aa', title, date_trunc('hour', now()) + ahead, 60
        from (values
            ('approved', interval '2 days'), ('collides', interval '2 days 30 minutes'), ('adjacent', interval '2 days 1 hour'),
            ('rejected', interval '3 days'), ('withdrawn', interval '4 days'), ('lapses', interval '5 days'), ('moved', interval '6 days')
        ) as asked (title, ahead);
select pg_temp.as_person('00000000-0000-4000-8000-00000000000b');
select public.approve_request(id) from public.session_requests where title in ('approved', 'moved');
select public.reject_request(id, 'On holiday') from public.session_requests where title = 'rejected';
select pg_temp.as_person('00000000-0000-4000-8000-00000000000a');
select public.withdraw_request(id) from public.session_requests where title = 'withdrawn';
select public.cancel_session(id, 'Feeling ill') from public.sessions where title = 'approved';
select set_config('request.jwt.claims', '', true);
update public.sessions set scheduled_time = scheduled_time + interval '1 day' where title = 'moved';
update public.sessions set scheduled_time = scheduled_time + interval '1 day' where title = 'moved';

select results_eq(
    $$select title, kind, recipient, count(*) from told group by 1, 2, 3 order by 1, 2, 3$$,
    $$values
        ('adjacent', 'request_created', 'mentor', 1::bigint),
        ('approved', 'request_approved', 'student', 1),
        ('approved', 'request_created', 'mentor', 1),
        ('approved', 'session_cancelled', 'mentor', 1),
        ('collides', 'request_created', 'mentor', 1),
        ('collides', 'request_rejected', 'student', 1),
        ('lapses', 'request_created', 'mentor', 1),
        ('moved', 'request_approved', 'student', 1),
        ('moved', 'request_created', 'mentor', 1),
        ('moved', 'session_rescheduled', 'mentor', 2),
        ('moved', 'session_rescheduled', 'student', 2),
        ('rejected', 'request_created', 'mentor', 1),
        ('rejected', 'request_rejected', 'student', 1),
        ('withdrawn', 'request_created', 'mentor', 1),
        ('withdrawn', 'request_withdrawn', 'mentor', 1)$$,
    'each thing is told to the person who must know it, once');
select results_eq(
    $$select title, status, rejection_code, rejection_reason from public.session_requests where status = 'rejected' order by title$$,
    $$values ('collides', 'rejected', 'slot_taken', 'This time has been given to another session.'), ('rejected', 'rejected', 'mentor', 'On holiday')$$,
    'an approval declines what collides, and leaves what is adjacent');
select is(payload ->> 'rejection_reason', 'On holiday', 'the student reads why')
    from public.notifications where kind = 'request_rejected' and payload ->> 'title' = 'rejected';
select is(payload -> 'student' ->> 'name', 'Student', 'the popup has the student''s name')
    from public.notifications where kind = 'request_created' and payload ->> 'title' = 'approved';
select is(payload ->> 'cancel_reason', 'Feeling ill', 'and the mentor why it was cancelled')
    from public.notifications where kind = 'session_cancelled';
select ok(not exists (select from public.notifications where payload::text like '%@%'), 'no notice carries an address');
select private.notify(recipient_id, kind, request_id, session_id) from public.notifications where kind <> 'session_rescheduled';
select is((select count(*) from public.notifications), 17::bigint, 'telling it again tells nothing new');

-- ---------------------------------------------------------------------------------------------- the history
select results_eq(
    $$select e.kind, p.name from public.session_events as e join public.session_requests as r on r.id = e.request_id
        left join person as p on p.id = e.actor_id where r.title = 'approved' order by e.id$$,
    $$values ('request_created', 'student'), ('session_scheduled', 'mentor'), ('request_approved', 'mentor'), ('session_cancelled', 'student')$$,
    'who did what, in order');
select results_eq(
    $$select kind from public.session_events as e join public.session_requests as r on r.id = e.request_id where r.title = 'moved' order by e.id$$,
    $$values ('request_created'), ('session_scheduled'), ('request_approved'), ('session_rescheduled'), ('session_rescheduled')$$,
    'moves are in the history');
select throws_ok('update public.session_events set kind = ''nothing''', 'PGRST', null, 'history is not rewritten, not even by the owner');
select throws_ok('delete from public.session_events', 'PGRST', null, 'nor deleted');
select throws_ok('truncate public.session_events', 'PGRST', null, 'nor emptied');

-- ---------------------------------------------------------------------------------------------- reading
select is(pg_temp.attempt('00000000-0000-4000-8000-00000000000a', 'update public.notifications set read_at = ''2001-01-01'''), '6',
    'a person marks his own notices');
select pg_temp.as_person('00000000-0000-4000-8000-00000000000a');
update public.notifications set read_at = '2001-01-01' where recipient_id = '00000000-0000-4000-8000-00000000000a';
select ok(bool_and(read_at > now() - interval '1 minute'), 'the database says when it was read') from public.notifications where read_at is not null;
update public.notifications set read_at = null where recipient_id = '00000000-0000-4000-8000-00000000000a';
select is((select count(*) from public.notifications where read_at is not null), 6::bigint, 'what is read stays read');
select set_config('request.jwt.claims', '', true);

-- ---------------------------------------------------------------------------------------------- timed work
create function pg_temp.work(clock timestamptz) returns jsonb
language sql
as $$
    select jsonb_object_agg(key, value) from jsonb_each(public.timed_work(clock)) where value <> '0'
$$;
select is(pg_temp.work(now()), null, 'nothing is due');
select is(pg_temp.work(date_trunc('hour', now()) + interval '2 days 1 hour'), '{"expired": 1}', 'a request expires when its time has come');
select is(pg_temp.work(date_trunc('hour', now()) + interval '2 days 1 hour'), null, 'once');
select is(status, 'expired', 'it is expired now') from public.session_requests where title = 'adjacent';
select is(pg_temp.work(date_trunc('hour', now()) + interval '5 days'), '{"expired": 1}', 'the other one too');
select set_eq(
    $$select recipient, title from told where kind = 'request_expired'$$,
    $$values ('student', 'adjacent'), ('mentor', 'adjacent'), ('student', 'lapses'), ('mentor', 'lapses')$$,
    'both learn that a request expired');
-- 'moved' is on day 8 now
select is(pg_temp.work(date_trunc('hour', now()) + interval '7 days 23 hours 55 minutes') - 'reminded', '{}', 'not started five minutes before');
select is(pg_temp.work(date_trunc('hour', now()) + interval '8 days'), '{"started": 1}', 'started at its time');
update public.sessions set mentor_joined_at = scheduled_time where title = 'moved';
select is(pg_temp.work(date_trunc('hour', now()) + interval '8 days 59 minutes'), null, 'and not completed before its end');
select is(pg_temp.work(date_trunc('hour', now()) + interval '8 days 1 hour'), '{"no_shows": 1, "completed": 1, "rating_windows": 1}', 'completed at its end; the student never came');
select is(pg_temp.work(date_trunc('hour', now()) + interval '8 days 1 hour'), null, 'all of that once');
select results_eq(
    $$select status, no_show, rating_closes_at from public.sessions where title = 'moved'$$,
    $$select 'completed', 'student', end_time + interval '14 days' from public.sessions where title = 'moved'$$,
    'what the session is afterwards');
select is_empty($$select from told where kind = 'rating_open'$$, 'nobody rates a session that did not take place');

-- A long sleep: everything that was missed is done in one call, and in order.
insert into public.session_requests (student_id, mentor_id, subject_id, title, requested_time, duration)
    select '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
            '00000000-0000-4000-8000-0000000000aa', 'slept through', date_trunc('hour', now()) + interval '10 days', 60;
update public.session_requests set status = 'approved' where title = 'slept through';
select is(pg_temp.work(date_trunc('hour', now()) + interval '11 days') - 'reminded', '{"started": 1, "completed": 1, "rating_windows": 1}', 'started and completed');
select set_eq(
    $$select recipient from told where kind = 'rating_open'$$, $$values ('student'), ('mentor')$$, 'both are asked for a rating');
select results_eq(
    $$select kind from public.session_events as e join public.sessions as s on s.id = e.session_id where s.title = 'slept through' order by e.id$$,
    $$values ('session_scheduled'), ('request_approved'), ('session_started'), ('session_completed')$$, 'its history is whole');

-- Limits of one call.
insert into public.session_requests (student_id, mentor_id, subject_id, title, requested_time, duration)
    select '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
            '00000000-0000-4000-8000-0000000000aa', 'many', date_trunc('hour', now()) + interval '12 days' + n * interval '1 hour', 60
        from generate_series(1, 5) as n;
select is(public.timed_work(now() + interval '13 days', 2) ->> 'expired', '2', 'at most so many at once');
select is(public.timed_work(now() + interval '13 days', 500) ->> 'expired', '3', 'the rest next time');

-- A row that can not be done does not keep the rest from being done, and is not passed over in silence.
insert into public.session_requests (student_id, mentor_id, subject_id, title, requested_time, duration)
    select '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
            '00000000-0000-4000-8000-0000000000aa', title, date_trunc('hour', now()) + ahead, 60
        from (values ('stuck', interval '15 days'), ('to be done', interval '16 days')) as asked (title, ahead);
update public.session_requests set status = 'approved' where title = 'stuck';
alter table public.sessions add constraint of_the_projects_own check (title <> 'stuck' or status <> 'ongoing');
select is(pg_temp.work(date_trunc('hour', now()) + interval '16 days') - 'reminded' #- '{failed,started}', '{"expired": 1, "failed": {}}',
    'the rest is done, and what failed is named');

-- Deleting an account takes its rows along, history too.
delete from auth.users where id = '00000000-0000-4000-8000-00000000000a';
select is((select count(*) from public.session_requests) + (select count(*) from public.sessions) + (select count(*) from public.session_events)
    + (select count(*) from private.busy_times), 0::bigint, 'nothing is left of a deleted student');

select * from finish();
rollback;
