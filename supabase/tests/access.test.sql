-- Who may do what to which column: every table and view of ours, five people, every operation, tried for real on a row
-- that belongs to the student and the mentor. A table that is added without its five rows (and a row of data) below fails.
-- '*' is every column, '-' none. Selecting and updating mean this very row; inserting means the right to name the column.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select no_plan();

create temporary table person (name text primary key, role text not null, id uuid);
insert into person values
    ('anon', 'anon', null),
    ('student', 'authenticated', '00000000-0000-4000-8000-00000000000a'),
    ('mentor', 'authenticated', '00000000-0000-4000-8000-00000000000b'),
    ('stranger', 'authenticated', '00000000-0000-4000-8000-00000000000c'),
    ('service', 'service_role', null);

-- The row that is tried, in each table: `condition` finds it.
create temporary table tried (table_name text primary key, condition text not null);
create temporary table expected (
    table_name text, person text, may_select text, may_insert text, may_update text, may_delete boolean,
    primary key (table_name, person)
);

-- ---------------------------------------------------------------------------------------------- data
insert into auth.users (id, email, raw_user_meta_data)
    select id, name || '@example.test', jsonb_build_object('name', initcap(name), 'is_mentor', name = 'mentor')
        from person where id is not null;
insert into public.subjects (id, name) values ('00000000-0000-4000-8000-0000000000aa', 'Access');
insert into public.mentor_subjects values ('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-0000000000aa');
insert into public.session_requests (student_id, mentor_id, subject_id, title, requested_time, duration)
    select '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
            '00000000-0000-4000-8000-0000000000aa', title, date_trunc('day', now()) + ahead, 60
        from (values ('agreed', interval '2 days'), ('waits', interval '3 days')) as asked (title, ahead);
update public.session_requests set status = 'approved' where title = 'agreed';

insert into public.notification_settings (user_id) select id from person where name = 'student';
insert into public.notification_preferences (user_id, kind, channel, enabled)
    select id, 'request_approved', 'mail', false from person where name = 'student';
insert into public.push_subscriptions (user_id, endpoint, p256dh, auth)
    select id, 'https://push.example.test/1', repeat('k', 87), repeat('a', 22) from person where name = 'student';
insert into public.webhook_endpoints (owner_id, url) select id, 'https://example.test/hook' from person where name = 'student';
insert into public.calendar_feeds (owner_id, secret_hash) select id, sha256('secret') from person where name = 'student';
insert into public.notification_deliveries (notification_id, recipient_id, kind, channel)
    select n.id, n.recipient_id, n.kind, 'mail' from public.notifications as n where n.kind = 'request_approved'
    on conflict do nothing;
insert into public.webhook_attempts (delivery_id, owner_id)
    select d.id, d.recipient_id from public.notification_deliveries as d where d.kind = 'request_approved' limit 1;
insert into private.answer_links (id, request_id, mentor_id, expires_at)
    select gen_random_uuid(), id, mentor_id, requested_time from public.session_requests where title = 'waits';
insert into private.bounced_addresses (address, reason) values ('gone@example.test', 'no such mailbox');

insert into public.availability_rules (mentor_id, weekday, start_time, end_time)
    select id, weekday, '00:00', '24:00' from person cross join generate_series(1, 7) as weekday where name = 'mentor';
insert into public.availability_overrides (mentor_id, on_date) select id, '2030-01-01' from person where name = 'mentor';
insert into public.booking_terms (mentor_id) select id from person where name = 'mentor';
insert into public.session_templates (mentor_id, subject_id, title, duration)
    select id, '00000000-0000-4000-8000-0000000000aa', 'Hidden', 60 from person where name = 'mentor';
update public.session_templates set is_offered = false;
insert into public.session_series (student_id, mentor_id, subject_id, title, frequency, time_zone, first_time, duration, occurrences)
    values ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
        '00000000-0000-4000-8000-0000000000aa', 'Weekly', 'weekly', 'UTC', '2030-01-07 10:00', 60, 2);
insert into public.reschedule_proposals (session_id, proposed_by, previous_time, scheduled_time, duration, expires_at)
    select id, mentor_id, scheduled_time, scheduled_time + interval '1 day', 60, scheduled_time
        from public.sessions where title = 'agreed';
insert into public.sessions (mentor_id, student_id, title, scheduled_time, duration, status)
    values ('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-00000000000a', 'taught',
        now() - interval '1 day', 60, 'completed');
insert into public.session_ratings (session_id, rater_id, rating)
    select id, student_id, 5 from public.sessions where title = 'taught';
insert into private.request_buffers (request_id, minutes_before, minutes_after)
    select id, 5, 5 from public.session_requests where title = 'waits';
insert into private.bulk_answers (caller_id, idempotency_key, asked, results) select id, 'once', '{}', '[]' from person where name = 'mentor';

insert into tried values
    ('public.availability_rules', 'weekday = 1'),
    ('public.availability_overrides', 'true'),
    ('public.booking_terms', 'true'),
    ('public.session_templates', $$title = 'Hidden'$$),
    ('public.session_series', 'true'),
    ('public.reschedule_proposals', 'true'),
    ('public.session_ratings', 'true'),
    ('private.request_buffers', 'true'),
    ('private.bulk_answers', 'true'),
    ('public.subjects', $$name = 'Access'$$),
    ('public.profiles', $$id = '00000000-0000-4000-8000-00000000000a'$$),
    ('public.mentors', $$id = '00000000-0000-4000-8000-00000000000b'$$),
    ('public.mentor_subjects', $$mentor_id = '00000000-0000-4000-8000-00000000000b'$$),
    ('public.session_requests', $$title = 'waits'$$),
    ('public.sessions', $$title = 'agreed'$$),
    ('public.notifications', $$kind = 'request_approved'$$),
    ('public.session_events', $$kind = 'session_scheduled'$$),
    ('private.settings', 'only_row'),
    ('private.schema_parts', $$subject = 'foundation'$$),
    ('private.busy_times', 'true'),
    ('public.notification_settings', 'true'),
    ('public.notification_preferences', 'true'),
    ('public.push_subscriptions', 'true'),
    ('public.webhook_endpoints', 'true'),
    ('public.calendar_feeds', 'true'),
    ('public.notification_deliveries', $$kind = 'request_approved'$$),
    ('public.webhook_attempts', 'true'),
    ('public.session_reminders', $$recipient_id = '00000000-0000-4000-8000-00000000000a'$$),
    ('private.answer_links', 'true'),
    ('private.bounced_addresses', 'true'),
    ('private.calendar_versions', 'true');

-- ---------------------------------------------------------------------------------------------- the matrix
insert into expected values
    ('public.availability_rules', 'anon', '-', '-', '-', false),
    ('public.availability_rules', 'student', '-', 'end_time id mentor_id start_time valid_from valid_until weekday', '-', false),
    ('public.availability_rules', 'mentor', '*', 'end_time id mentor_id start_time valid_from valid_until weekday', 'end_time start_time valid_from valid_until weekday', true),
    ('public.availability_rules', 'stranger', '-', 'end_time id mentor_id start_time valid_from valid_until weekday', '-', false),
    ('public.availability_rules', 'service', '*', '*', '*', true),

    ('public.availability_overrides', 'anon', '-', '-', '-', false),
    ('public.availability_overrides', 'student', '-', 'end_time id mentor_id on_date start_time', '-', false),
    ('public.availability_overrides', 'mentor', '*', 'end_time id mentor_id on_date start_time', 'end_time on_date start_time', true),
    ('public.availability_overrides', 'stranger', '-', 'end_time id mentor_id on_date start_time', '-', false),
    ('public.availability_overrides', 'service', '*', '*', '*', true),

    ('public.booking_terms', 'anon', '-', '-', '-', false),
    ('public.booking_terms', 'student', '-', 'buffer_after_minutes buffer_before_minutes hold_minutes max_minutes_per_day max_minutes_per_month max_minutes_per_week max_sessions_per_day max_sessions_per_month max_sessions_per_week mentor_id minimum_notice_minutes pending_policy step_minutes time_zone window_days', '-', false),
    ('public.booking_terms', 'mentor', '*', 'buffer_after_minutes buffer_before_minutes hold_minutes max_minutes_per_day max_minutes_per_month max_minutes_per_week max_sessions_per_day max_sessions_per_month max_sessions_per_week mentor_id minimum_notice_minutes pending_policy step_minutes time_zone window_days', 'buffer_after_minutes buffer_before_minutes hold_minutes max_minutes_per_day max_minutes_per_month max_minutes_per_week max_sessions_per_day max_sessions_per_month max_sessions_per_week minimum_notice_minutes pending_policy step_minutes time_zone window_days', true),
    ('public.booking_terms', 'stranger', '-', 'buffer_after_minutes buffer_before_minutes hold_minutes max_minutes_per_day max_minutes_per_month max_minutes_per_week max_sessions_per_day max_sessions_per_month max_sessions_per_week mentor_id minimum_notice_minutes pending_policy step_minutes time_zone window_days', '-', false),
    ('public.booking_terms', 'service', '*', '*', '*', true),

    ('public.session_templates', 'anon', '-', '-', '-', false),
    ('public.session_templates', 'student', '-', 'buffer_after_minutes buffer_before_minutes description duration id is_offered mentor_id subject_id title', '-', false),
    ('public.session_templates', 'mentor', '*', 'buffer_after_minutes buffer_before_minutes description duration id is_offered mentor_id subject_id title', 'buffer_after_minutes buffer_before_minutes description duration is_offered subject_id title', true),
    ('public.session_templates', 'stranger', '-', 'buffer_after_minutes buffer_before_minutes description duration id is_offered mentor_id subject_id title', '-', false),
    ('public.session_templates', 'service', '*', '*', '*', true),

    ('public.session_series', 'anon', '-', '-', '-', false),
    ('public.session_series', 'student', '*', '-', '-', false),
    ('public.session_series', 'mentor', '*', '-', '-', false),
    ('public.session_series', 'stranger', '-', '-', '-', false),
    ('public.session_series', 'service', '*', '*', '*', true),

    ('public.reschedule_proposals', 'anon', '-', '-', '-', false),
    ('public.reschedule_proposals', 'student', '*', '-', '-', false),
    ('public.reschedule_proposals', 'mentor', '*', '-', '-', false),
    ('public.reschedule_proposals', 'stranger', '-', '-', '-', false),
    ('public.reschedule_proposals', 'service', '*', '*', '*', true),

    ('public.session_ratings', 'anon', '-', '-', '-', false),
    ('public.session_ratings', 'student', '*', 'comment rater_id rating session_id', '-', false),
    ('public.session_ratings', 'mentor', '*', 'comment rater_id rating session_id', '-', false),
    ('public.session_ratings', 'stranger', '-', 'comment rater_id rating session_id', '-', false),
    ('public.session_ratings', 'service', '*', '*', '-', true),

    ('public.subjects', 'anon', '*', '-', '-', false),
    ('public.subjects', 'student', '*', '-', '-', false),
    ('public.subjects', 'mentor', '*', '-', '-', false),
    ('public.subjects', 'stranger', '*', '-', '-', false),
    ('public.subjects', 'service', '*', '*', '*', true),

    -- the student's profile: not for visitors, nor for people he has nothing to do with
    ('public.profiles', 'anon', '-', '-', '-', false),
    ('public.profiles', 'student', '*', '-', 'bio is_mentor name time_zone', false),
    ('public.profiles', 'mentor', '*', '-', '-', false),
    ('public.profiles', 'stranger', '-', '-', '-', false),
    ('public.profiles', 'service', '*', '*', '*', true),

    ('public.mentors', 'anon', '*', '-', '-', false),
    ('public.mentors', 'student', '*', '-', '-', false),
    ('public.mentors', 'mentor', '*', '-', '-', false),
    ('public.mentors', 'stranger', '*', '-', '-', false),
    ('public.mentors', 'service', '*', '-', '-', false),

    ('public.mentor_subjects', 'anon', '*', '-', '-', false),
    ('public.mentor_subjects', 'student', '*', '*', '-', false),
    ('public.mentor_subjects', 'mentor', '*', '*', '-', true),
    ('public.mentor_subjects', 'stranger', '*', '*', '-', false),
    ('public.mentor_subjects', 'service', '*', '*', '*', true),

    ('public.session_requests', 'anon', '-', '-', '-', false),
    ('public.session_requests', 'student', '*',
        'description duration idempotency_key mentor_id requested_time status student_id subject_id template_id title', '-', false),
    ('public.session_requests', 'mentor', '*',
        'description duration idempotency_key mentor_id requested_time status student_id subject_id template_id title',
        'rejection_reason status', false),
    ('public.session_requests', 'stranger', '-',
        'description duration idempotency_key mentor_id requested_time status student_id subject_id template_id title', '-', false),
    ('public.session_requests', 'service', '*', '*', '*', true),

    ('public.sessions', 'anon', '-', '-', '-', false),
    ('public.sessions', 'student', '*', '-', '-', false),
    ('public.sessions', 'mentor', '*', '-', 'cancel_reason status', false),
    ('public.sessions', 'stranger', '-', '-', '-', false),
    ('public.sessions', 'service', '*', '*', '*', true),

    -- a notice to the student
    ('public.notifications', 'anon', '-', '-', '-', false),
    ('public.notifications', 'student', '*', '-', 'read_at', false),
    ('public.notifications', 'mentor', '-', '-', '-', false),
    ('public.notifications', 'stranger', '-', '-', '-', false),
    ('public.notifications', 'service', '*', '*', '*', true),

    ('public.session_events', 'anon', '-', '-', '-', false),
    ('public.session_events', 'student', '*', '-', '-', false),
    ('public.session_events', 'mentor', '*', '-', '-', false),
    ('public.session_events', 'stranger', '-', '-', '-', false),
    ('public.session_events', 'service', '*', '-', '-', false),

    ('private.settings', 'anon', '-', '-', '-', false),
    ('private.settings', 'student', '-', '-', '-', false),
    ('private.settings', 'mentor', '-', '-', '-', false),
    ('private.settings', 'stranger', '-', '-', '-', false),
    ('private.settings', 'service', '*', '-', '*', false);

-- nobody but the owner
insert into expected
    select table_name, name, '-', '-', '-', false
        from person
        cross join unnest(array[
            'private.schema_parts', 'private.busy_times', 'private.answer_links', 'private.bounced_addresses',
            'private.calendar_versions', 'private.request_buffers', 'private.bulk_answers'
        ]) as table_name;

-- one's own mail, push, webhooks and calendars: here the student's
insert into expected values
    ('public.calendar_feeds', 'anon', '-', '-', '-', false),
    ('public.calendar_feeds', 'student', 'created_at id owner_id', '-', '-', true),
    ('public.calendar_feeds', 'mentor', '-', '-', '-', false),
    ('public.calendar_feeds', 'stranger', '-', '-', '-', false),
    ('public.calendar_feeds', 'service', '*', '*', '*', true),

    ('public.notification_deliveries', 'anon', '-', '-', '-', false),
    ('public.notification_deliveries', 'student',
        'attempts channel closed_at created_at endpoint_id id kind next_attempt_at notification_id outcome recipient_id'
        ' response_status status subscription_id', '-', '-', false),
    ('public.notification_deliveries', 'mentor', '-', '-', '-', false),
    ('public.notification_deliveries', 'stranger', '-', '-', '-', false),
    ('public.notification_deliveries', 'service', '*', '*', '*', true),

    ('public.notification_preferences', 'anon', '-', '-', '-', false),
    ('public.notification_preferences', 'student', '*', 'channel enabled kind user_id', 'channel enabled kind user_id', true),
    ('public.notification_preferences', 'mentor', '-', 'channel enabled kind user_id', '-', false),
    ('public.notification_preferences', 'stranger', '-', 'channel enabled kind user_id', '-', false),
    ('public.notification_preferences', 'service', '*', '*', '*', true),

    ('public.notification_settings', 'anon', '-', '-', '-', false),
    ('public.notification_settings', 'student', '*', 'locale quiet_from quiet_until reminder_minutes user_id',
        'locale quiet_from quiet_until reminder_minutes user_id', true),
    ('public.notification_settings', 'mentor', '-', 'locale quiet_from quiet_until reminder_minutes user_id', '-', false),
    ('public.notification_settings', 'stranger', '-', 'locale quiet_from quiet_until reminder_minutes user_id', '-', false),
    ('public.notification_settings', 'service', '*', '*', '*', true),

    ('public.push_subscriptions', 'anon', '-', '-', '-', false),
    ('public.push_subscriptions', 'student', 'created_at endpoint id user_id', 'auth endpoint p256dh user_id', '-', true),
    ('public.push_subscriptions', 'mentor', '-', 'auth endpoint p256dh user_id', '-', false),
    ('public.push_subscriptions', 'stranger', '-', 'auth endpoint p256dh user_id', '-', false),
    ('public.push_subscriptions', 'service', '*', '*', '*', true),

    ('public.session_reminders', 'anon', '-', '-', '-', false),
    ('public.session_reminders', 'student', '*', '-', '-', false),
    ('public.session_reminders', 'mentor', '-', '-', '-', false),
    ('public.session_reminders', 'stranger', '-', '-', '-', false),
    ('public.session_reminders', 'service', '*', '*', '*', true),

    ('public.webhook_attempts', 'anon', '-', '-', '-', false),
    ('public.webhook_attempts', 'student', '*', '-', '-', false),
    ('public.webhook_attempts', 'mentor', '-', '-', '-', false),
    ('public.webhook_attempts', 'stranger', '-', '-', '-', false),
    ('public.webhook_attempts', 'service', '*', '*', '*', true),

    ('public.webhook_endpoints', 'anon', '-', '-', '-', false),
    ('public.webhook_endpoints', 'student', 'created_at description enabled failures id kinds owner_id updated_at url',
        'description kinds owner_id url', 'description enabled kinds url', true),
    ('public.webhook_endpoints', 'mentor', '-', 'description kinds owner_id url', '-', false),
    ('public.webhook_endpoints', 'stranger', '-', 'description kinds owner_id url', '-', false),
    ('public.webhook_endpoints', 'service', '*', '*', '*', true);

-- ---------------------------------------------------------------------------------------------- trying it
-- What a statement does for a person: the number of rows, 'denied' by a missing right, or 'refused' with the SQLSTATE of
-- whatever answered after the rights were passed. Its effect is undone.
create function pg_temp.outcome(whose text, statement text) returns text
language plpgsql
as $$
declare
    who person;
    touched bigint;
begin
    select * into who from person where name = whose;
    perform set_config('request.jwt.claims', jsonb_strip_nulls(jsonb_build_object('sub', who.id, 'role', who.role))::text, true);
    begin
        execute format('set local role %I', who.role);
        execute statement;
        get diagnostics touched = row_count;
        raise exception using errcode = 'UNDO1', message = touched::text;
    exception
        when sqlstate 'UNDO1' then
            return sqlerrm;
        when insufficient_privilege then
            return case when sqlerrm like 'permission denied%' then 'denied' else 'refused by policy' end;
        when others then
            return 'refused ' || sqlstate;
    end;
end
$$;

create function pg_temp.columns_that(condition text, owner regclass) returns text
language plpgsql
as $$
declare
    name text;
    found_all boolean := true;
    found_some text[] := '{}';
    yes boolean;
begin
    for name in
        select attname from pg_attribute where attrelid = owner and attnum > 0 and not attisdropped order by attname
    loop
        execute format(condition, name) into yes;
        found_all := found_all and yes;
        if yes then
            found_some := found_some || name;
        end if;
    end loop;
    return case when found_all then '*' when found_some = '{}' then '-' else array_to_string(found_some, ' ') end;
end
$$;

create temporary table ours as
    select c.oid as owner, n.nspname || '.' || c.relname as table_name, c.relkind
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm', 'f');

select is_empty(
    $$select o.table_name || ' for ' || p.name from ours as o cross join person as p
        where not exists (select from expected as e where e.table_name = o.table_name and e.person = p.name)$$,
    'every table has its row in the matrix for every person'
);
select is_empty(
    $$select table_name from ours where table_name not in (select table_name from tried)$$,
    'every table has a row of data to try'
);
select is_empty(
    $$select table_name from expected except select table_name from ours$$,
    'the matrix names no table that is not there'
);
select ok(pg_temp.outcome('service', 'select 1') = '1', 'the try-out works');

create temporary table actual as
    select e.table_name, e.person,
            pg_temp.columns_that(format(
                $$select pg_temp.outcome(%L, 'select %%1$I from %s where %s') not in ('denied', '0')$$,
                e.person, e.table_name, replace(t.condition, '''', '''''')), o.owner) as may_select,
            pg_temp.columns_that(format(
                $$select has_column_privilege(%L, %L, %%1$L, 'insert')$$,
                p.role, e.table_name), o.owner) as may_insert,
            pg_temp.columns_that(format(
                -- 428C9: a column that nobody can set (identity) is allowed to whom its update is granted
                $$select case result when 'refused 428C9' then has_column_privilege(%L, %L, %%1$L, 'update')
                        else result ~ '^([1-9]|refused PGRST)' end
                    from pg_temp.outcome(%L, 'update %s set %%1$I = %%1$I where %s') as result$$,
                p.role, e.table_name, e.person, e.table_name, replace(t.condition, '''', '''''')), o.owner) as may_update,
            case when o.relkind = 'v' then has_table_privilege(p.role, o.owner, 'delete')
                else pg_temp.outcome(e.person, format('delete from %s where %s', e.table_name, t.condition))
                    ~ '^([1-9]|refused (23503|PGRST))' end as may_delete
        from expected as e
        join person as p on p.name = e.person
        join ours as o on o.table_name = e.table_name
        join tried as t on t.table_name = e.table_name;

select is(a.may_select, e.may_select, format('%s: what %s may select', e.table_name, e.person))
    from expected as e left join actual as a using (table_name, person) order by e.table_name, e.person;
select is(a.may_insert, e.may_insert, format('%s: what %s may insert', e.table_name, e.person))
    from expected as e left join actual as a using (table_name, person) order by e.table_name, e.person;
select is(a.may_update, e.may_update, format('%s: what %s may update', e.table_name, e.person))
    from expected as e left join actual as a using (table_name, person) order by e.table_name, e.person;
select is(a.may_delete, e.may_delete, format('%s: whether %s may delete', e.table_name, e.person))
    from expected as e left join actual as a using (table_name, person) order by e.table_name, e.person;
select is_empty(
    format($$select has_table_privilege(%L, %s, 'truncate') where has_table_privilege(%L, %s, 'truncate')$$, role, owner::oid, role, owner::oid),
    format('%s: %s may not empty it', table_name, role))
    from ours cross join (values ('anon'), ('authenticated')) as roles (role);

-- ---------------------------------------------------------------------------------------------- rows of one's own
select is(pg_temp.outcome('student', $$insert into session_requests (student_id, mentor_id, subject_id, title, requested_time, duration)
        values ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
            '00000000-0000-4000-8000-0000000000aa', 'mine', date_trunc('day', now()) + interval '4 days', 30)$$), '1',
    'a student asks for himself');
select is(pg_temp.outcome('stranger', $$insert into session_requests (student_id, mentor_id, subject_id, title, requested_time, duration)
        values ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
            '00000000-0000-4000-8000-0000000000aa', 'his', date_trunc('day', now()) + interval '4 days', 30)$$), 'refused by policy',
    'nobody asks for somebody else');
select is(pg_temp.outcome('student', $$insert into session_requests (student_id, mentor_id, subject_id, title, requested_time, duration, status)
        values ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b',
            '00000000-0000-4000-8000-0000000000aa', 'mine', date_trunc('day', now()) + interval '4 days', 30, 'approved')$$), 'refused PGRST',
    'nobody approves by asking');
select is(pg_temp.outcome('student', $$insert into mentor_subjects values ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-0000000000aa')$$),
    'refused by policy', 'who does not teach has no subjects');
select is(pg_temp.outcome('stranger', $$update profiles set name = 'me'$$), '1', 'a person renames himself and nobody else');
select is(pg_temp.outcome('anon', $$select public.request_session(null, null, null, null, null)$$), 'denied', 'a visitor asks for nothing');
select is(pg_temp.outcome('student', $$select public.timed_work()$$), 'denied', 'timed work is the service''s');

select * from finish();
rollback;
