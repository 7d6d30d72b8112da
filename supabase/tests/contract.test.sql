-- The names that frontends and deployments rely on.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(31);

select has_table('public', t, t) from unnest(array['session_requests', 'sessions', 'subjects', 'profiles', 'notifications', 'session_events']) as t;
select has_view('public', 'mentors', 'the mentor list');
select has_function('public', 'generate_video_room_id', '{}'::name[], 'room ids');
select trigger_is('public', 'session_requests', 'trigger_auto_generate_room_id', 'public', 'auto_generate_room_id', 'room trigger');
select trigger_is('public', 'session_requests', 'trigger_create_session_from_request', 'public', 'create_session_from_request', 'session trigger');
select ok((select tgtype & 2 = 2 and tgtype & 16 = 16 from pg_trigger where tgname = 'trigger_auto_generate_room_id'), 'before update');
select ok((select tgtype & 2 = 0 and tgtype & 16 = 16 from pg_trigger where tgname = 'trigger_create_session_from_request'), 'after update');
select policies_are('public', 'session_requests', array['Students can create', 'Users see own requests', 'Mentors can update']);
select policy_cmd_is('public'::name, 'session_requests'::name, 'Students can create'::name, 'insert'::text);
select policy_cmd_is('public'::name, 'session_requests'::name, 'Users see own requests'::name, 'select'::text);
select policy_cmd_is('public'::name, 'session_requests'::name, 'Mentors can update'::name, 'update'::text);
select col_type_is('public', 'session_requests', c, t, c)
    from (values
        ('id', 'uuid'), ('student_id', 'uuid'), ('mentor_id', 'uuid'), ('subject_id', 'uuid'), ('title', 'text'),
        ('requested_time', 'timestamp with time zone'), ('duration', 'integer'), ('status', 'text'), ('video_room_id', 'text'),
        ('rejection_reason', 'text'), ('responded_at', 'timestamp with time zone')
    ) as columns (c, t);
select col_type_is('public', 'sessions', 'video_room_id', 'text', 'sessions.video_room_id');
select col_type_is('public', 'sessions', 'mentor_approved', 'boolean', 'sessions.mentor_approved');
select col_default_is('public', 'sessions', 'mentor_approved', 'false', 'approved is false until it is true');
select set_eq(
    $$select tablename::text from pg_publication_tables where pubname = 'supabase_realtime' and tablename in ('session_requests', 'sessions', 'notifications')$$,
    array['session_requests', 'sessions', 'notifications'],
    'watched by realtime'
);

select * from finish();
rollback;
