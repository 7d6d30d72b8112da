-- Faults that show in the catalogue, whoever adds what. Each expects nothing.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select no_plan();

-- Our functions: those of an extension that lives in one of our schemas are not ours.
create temporary view our_functions as
    select p.*, n.nspname, p.oid::regprocedure::text as signature
        from pg_proc as p
        join pg_namespace as n on n.oid = p.pronamespace
        where n.nspname in ('public', 'private')
            and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e');
create temporary view our_tables as
    select c.*, n.nspname, c.oid::regclass::text as name
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname in ('public', 'private') and c.relkind in ('r', 'p');

select isnt_empty('select from our_functions', 'there are functions to look at');
select isnt_empty('select from our_tables', 'there are tables to look at');

select is_empty('select name from our_tables where not relrowsecurity', 'every table has row level security');
select is_empty(
    $$select tablename, policyname from pg_policies where schemaname in ('public', 'private', 'realtime') and roles = '{public}'$$,
    'every policy names its role');
select is_empty(
    $$select tablename, policyname from pg_policies
        where schemaname in ('public', 'private', 'realtime')
            and regexp_replace(coalesce(qual, '') || coalesce(with_check, ''), '\( SELECT (auth\.(uid|jwt|role|email)|realtime\.topic)\(\) AS \w+\)', '', 'g')
                ~ '(auth\.(uid|jwt|role|email)|realtime\.topic|current_setting)\('$$,
    'every policy asks who calls once for the query, not for each row');
select is_empty(
    $$select tablename, cmd, role from pg_policies cross join unnest(roles) as role
        where schemaname in ('public', 'private') and permissive = 'PERMISSIVE'
        group by tablename, cmd, role having count(*) > 1$$,
    'one permissive policy for each role and operation');

select is_empty(
    $$select signature from our_functions where not exists (
        select from unnest(proconfig) as setting where setting in ('search_path=""', 'search_path='))$$,
    'every function has an empty search_path');
select is_empty(
    $$select signature from our_functions where prosecdef and nspname = 'public'$$,
    'no definer function in a schema that the API shows');
select is_empty(
    $$select signature from our_functions
        where proacl is null or exists (select from aclexplode(proacl) as a where a.grantee = 0)$$,
    'no function may be run by everybody; rights are granted by name');
select is_empty(
    $$select signature from our_functions as f cross join (values ('anon'), ('authenticated'), ('service_role')) as api (role)
        where f.prosecdef and f.prorettype = 'trigger'::regtype and has_function_privilege(api.role, f.oid, 'execute')$$,
    'trigger functions are run by their triggers only');
select is_empty(
    $$select c.conrelid::regclass, c.conname from pg_constraint as c
        join our_tables as t on t.oid = c.conrelid
        where c.contype = 'f' and not exists (
            select from pg_index as i
                where i.indrelid = c.conrelid
                    and i.indpred is null
                    and (i.indkey::smallint[])[0:array_length(c.conkey, 1) - 1] @> c.conkey
        )$$,
    'every foreign key has an index');
select is_empty(
    $$select c.conrelid::regclass, c.conname from pg_constraint as c join our_tables as t on t.oid = c.conrelid where not c.convalidated$$,
    'every rule holds for every row of a new project');
select is_empty(
    $$select t.name from our_tables as t where not exists (select from pg_index as i where i.indrelid = t.oid and i.indisprimary)$$,
    'every table has a primary key');
select is_empty(
    $$select relname from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace
        and not ('security_invoker=true' = any (coalesce(reloptions, '{}')))$$,
    'views ask with the rights of the reader');
select is_empty(
    $$select t.name, coalesce(nullif(a.grantee, 0)::regrole::text, 'public')
        from our_tables as t cross join aclexplode(t.relacl) as a
        where a.grantee = 0 or (a.grantee::regrole::text = 'anon' and a.privilege_type <> 'SELECT')$$,
    'nothing is granted to everybody, and visitors only read');
select set_eq(
    $$select distinct t.name from our_tables as t where has_any_column_privilege('anon', t.oid, 'select')$$,
    array['subjects', 'profiles', 'mentor_subjects'],
    'what visitors can read');

-- Definer functions run with the owner's rights. Those that API roles may run are these, and each looks after itself:
-- it answers for the caller only, or does what is safe for anybody.
select set_eq(
    $$select proname::text from our_functions where prosecdef and has_function_privilege('authenticated', oid, 'execute')$$,
    array[
        'accept_reschedule', 'available_slots', 'cancel_session', 'close_reschedule', 'create_calendar_feed',
        'earlier_bulk_answer', 'explain_day', 'free_room_id', 'keep_bulk_answer', 'mark_no_show',
        'open_session', 'preview_series', 'propose_reschedule', 'propose_series_reschedule', 'accept_series_reschedule',
        'record_arrival', 'replay_webhook', 'request_series',
        'room_access', 'rotate_webhook_secret', 'save_push_subscription', 'schema_version', 'suggest_slots', 'the_settings',
        'withdraw_request', 'write_session_notes'
    ],
    'definer functions that signed-in people may run');
select set_eq(
    $$select proname::text from our_functions where prosecdef and has_function_privilege('anon', oid, 'execute')$$,
    array['schema_version', 'the_settings'],
    'definer functions that visitors may run');

select * from finish();
rollback;
