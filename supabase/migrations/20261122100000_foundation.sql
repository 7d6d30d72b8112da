-- What every other migration stands on: extensions, the schema `private`, error codes, settings.
-- `private` is not exposed through the API. Functions in it that API roles may call are there for our own
-- invoker functions, policies and checks, which run as the caller.

create schema if not exists extensions;
create extension if not exists pgcrypto with schema extensions;
create extension if not exists btree_gist with schema extensions;

create schema if not exists private;
revoke all on schema private from public;
grant usage on schema private to anon, authenticated, service_role;

-- The subject each migration brought, so that a client can tell what it talks to, however the SQL got here.
create table if not exists private.schema_parts (
    version text primary key,
    subject text not null,
    applied_at timestamptz not null default now()
);
alter table private.schema_parts enable row level security;
revoke all on private.schema_parts from public, anon, authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261122100000', 'foundation')
    on conflict (version) do nothing;

-- An error with a code of ours. PostgREST turns SQLSTATE PGRST into this status and body; docs/errors.md
-- lists every code, and a test compares it with the calls of this function.
create or replace function private.fail(status integer, code text, message text) returns void
language plpgsql
set search_path = ''
as $$
begin
    raise exception using
        errcode = 'PGRST',
        message = json_build_object('code', code, 'message', message, 'details', null, 'hint', null)::text,
        detail = json_build_object('status', status, 'headers', json_build_object())::text;
end
$$;
revoke execute on function private.fail(integer, text, text) from public;
grant execute on function private.fail(integer, text, text) to anon, authenticated, service_role;

-- Whether a person would see anything: at least one character that is neither white space nor invisible
-- (controls, joiners, direction marks, fillers, variation selectors, blank braille, tags). NULL has none.
create or replace function private.has_visible_text(content text) returns boolean
language sql
immutable
parallel safe
set search_path = ''
as $$
    select coalesce(
        content ~ (
            '[^\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f'
            || '\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb'
            || '\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]'
        ),
        false
    )
$$;
revoke execute on function private.has_visible_text(text) from public;
grant execute on function private.has_visible_text(text) to anon, authenticated, service_role;

-- The operator's choices: one row, one typed column each.
create table if not exists private.settings (
    only_row boolean primary key default true
        constraint settings_is_one_row check (only_row),
    request_ttl interval not null default interval '14 days'
        constraint settings_request_ttl_positive check (request_ttl > interval '0'),
    max_open_requests integer not null default 10
        constraint settings_max_open_requests_positive check (max_open_requests > 0),
    buffer_before_minutes integer not null default 0
        constraint settings_buffer_before_sane check (buffer_before_minutes between 0 and 1440),
    buffer_after_minutes integer not null default 0
        constraint settings_buffer_after_sane check (buffer_after_minutes between 0 and 1440),
    room_opens_before interval not null default interval '15 minutes',
    room_closes_after interval not null default interval '15 minutes',
    reminder_offsets interval[] not null
        default array[interval '24 hours', interval '1 hour', interval '10 minutes'],
    rating_window interval not null default interval '14 days'
);
alter table private.settings enable row level security;
revoke all on private.settings from public, anon, authenticated, service_role;
grant select, update on private.settings to service_role;

insert into private.settings (only_row) values (true) on conflict (only_row) do nothing;

create or replace function private.the_settings() returns private.settings
language sql
stable
security definer
set search_path = ''
as $$
    select s from private.settings as s
$$;
revoke execute on function private.the_settings() from public;
grant execute on function private.the_settings() to anon, authenticated, service_role;

-- Takes these people for this transaction, always in the order of their keys. Whoever books time for a person
-- holds that person first: without this order, overlapping approvals wait for each other until one is killed.
create or replace function private.lock_people(people uuid[]) returns void
language plpgsql
set search_path = ''
as $$
declare
    held bigint;
begin
    for held in
        select distinct hashtextextended('mentorkit person ' || person::text, 0) as lock_key
            from unnest(people) as person
            where person is not null
            order by lock_key
    loop
        perform pg_advisory_xact_lock(held);
    end loop;
exception
    when deadlock_detected then
        perform private.fail(409, 'slot_taken', 'Somebody was booking this time at the same moment. Please try again.');
end
$$;
revoke execute on function private.lock_people(uuid[]) from public;
grant execute on function private.lock_people(uuid[]) to authenticated, service_role;

-- Tools of the migrations themselves, for projects that hold rows of their own. They keep every row. Where old rows do not
-- obey a rule, the rule is for the rows that `ours` describes; without such a description it is left out (triggers still
-- look at what is added and changed). A warning says so.
create or replace function private.add_check(owner regclass, rule_name text, condition text, ours text default null) returns void
language plpgsql
set search_path = ''
as $$
begin
    if exists (select from pg_constraint where conrelid = owner and conname = rule_name) then
        return;
    end if;
    execute format('alter table %s add constraint %I check (%s)', owner, rule_name, condition);
exception
    when check_violation then
        if ours is null then
            raise warning 'mentorkit: rows of % do not obey %; they are kept, and the rule is left out', owner, rule_name;
        else
            execute format('alter table %s add constraint %I check (not (%s) or (%s))', owner, rule_name, ours, condition);
            raise warning 'mentorkit: rows of % do not obey %; they are kept, the rule is for mentorkit''s rows', owner, rule_name;
        end if;
end
$$;
revoke execute on function private.add_check(regclass, text, text, text) from public;

create or replace function private.require_columns(owner regclass, variadic columns text[]) returns void
language plpgsql
set search_path = ''
as $$
declare
    wanted text;
begin
    for wanted in
        select attname from pg_attribute where attrelid = owner and attname = any (columns) and not attnotnull
    loop
        begin
            execute format('alter table %s alter column %I set not null', owner, wanted);
        exception
            when not_null_violation then
                raise warning 'mentorkit: rows of % have no %; they are kept, and the column stays optional', owner, wanted;
        end;
    end loop;
end
$$;
revoke execute on function private.require_columns(regclass, text[]) from public;

-- Gives a column the type we count on, keeping its values: local times are taken for UTC, enumerations become text.
create or replace function private.require_type(owner regclass, column_name text, wanted regtype) returns void
language plpgsql
set search_path = ''
as $$
declare
    present regtype;
    old_default text;
begin
    select a.atttypid, pg_get_expr(d.adbin, d.adrelid) into present, old_default
        from pg_attribute as a
        left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = owner and a.attname = column_name and not a.attisdropped;
    if present is null or present = wanted then
        return;
    end if;
    execute format('alter table %s alter column %I drop default', owner, column_name);
    execute format('alter table %s alter column %I type %s using %I%s', owner, column_name, wanted, column_name, case
        when wanted = 'timestamptz'::regtype then ' at time zone ''UTC''' else '::' || wanted::text end);
    if old_default is not null then
        execute format('alter table %s alter column %I set default (%s)::%s', owner, column_name, old_default, wanted);
    end if;
    raise warning 'mentorkit: %.% was % and is % now', owner, column_name, present, wanted;
exception
    when feature_not_supported or dependent_objects_still_exist then
        raise exception using
            errcode = 'feature_not_supported',
            message = format('mentorkit: %s.%s must become %s, and a view or policy of this project stands on it', owner, column_name, wanted),
            hint = 'Drop that view or policy, run the migration, and create it again. ' || sqlerrm;
end
$$;
revoke execute on function private.require_type(regclass, text, regtype) from public;

-- Fills a column of ours, where it is empty, from the first of the columns that this project has for it.
create or replace function private.fill_from(owner regclass, column_name text, variadic sources text[]) returns void
language plpgsql
set search_path = ''
as $$
declare
    source text;
begin
    foreach source in array sources loop
        if exists (select from pg_attribute where attrelid = owner and attname = source and not attisdropped) then
            execute format('update %s set %I = left(%I::text, 100) where %I is null and private.has_visible_text(%I::text)',
                owner, column_name, source, column_name, source);
        end if;
    end loop;
end
$$;
revoke execute on function private.fill_from(regclass, text, text[]) from public;

-- For the first run only, when what is not ours is this project's own: takes the rights of API roles on a whole table away. What signed-in people could do with columns that are not ours they
-- still can, column by column. Columns of others that a new row must have are made optional: our rows do not know them.
create or replace function private.take_over(owner regclass, variadic ours text[]) returns void
language plpgsql
set search_path = ''
as $$
declare
    kept text[];
    line text;
begin
    select array_agg(format('grant %s (%I) on %s to authenticated', may.privilege, a.attname, owner))
        into kept
        from pg_attribute as a
        cross join (values ('select'), ('update')) as may (privilege)
        where a.attrelid = owner
            and a.attnum > 0
            and not a.attisdropped
            and a.attname <> all (ours)
            and has_column_privilege('authenticated', owner, a.attname, may.privilege);
    execute format('revoke all on %s from public, anon, authenticated', owner);
    foreach line in array coalesce(kept, '{}') loop
        execute line;
    end loop;

    for line in
        select attname from pg_attribute
            where attrelid = owner and attnum > 0 and not attisdropped and attnotnull and not atthasdef and attidentity = ''
                and attname <> all (ours)
    loop
        execute format('alter table %s alter column %I drop not null', owner, line);
        raise warning 'mentorkit: %.% is optional now; rows made by mentorkit do not have it', owner, line;
    end loop;
    for line in
        select attname from pg_attribute
            where attrelid = owner and attnum > 0 and not attisdropped
                and attname <> all (ours)
                and attname ~* '(mail|phone|mobile|address|birth)'
                and has_column_privilege('authenticated', owner, attname, 'select')
    loop
        raise warning 'mentorkit: %.% looks private; signed-in people who see the row can read it', owner, line;
    end loop;
    for line in
        select policyname from pg_policies
            where (quote_ident(schemaname) || '.' || quote_ident(tablename))::regclass = owner
                and policyname not in (
                    'Anyone can read subjects', 'Visitors see mentors', 'Members see mentors and people they meet',
                    'Members update themselves', 'Participants see their sessions', 'Creators update their sessions'
                )
    loop
        raise warning 'mentorkit: policy "%" on % was here before and stays; it may allow more than ours do', line, owner;
    end loop;
end
$$;
revoke execute on function private.take_over(regclass, text[]) from public;

-- Readers catch up by `updated_at`, so it is the moment of the change itself, not of its transaction's start.
create or replace function private.touch() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.updated_at := clock_timestamp();
    return new;
end
$$;
revoke execute on function private.touch() from public;

create or replace function private.schema_version() returns text
language sql
stable
security definer
set search_path = ''
as $$
    select version || ' ' || subject from private.schema_parts order by version desc limit 1
$$;
revoke execute on function private.schema_version() from public;
grant execute on function private.schema_version() to anon, authenticated, service_role;

-- The newest part of the schema that is in place, for example "20261122101400 realtime".
create or replace function public.schema_version() returns text
language sql
stable
set search_path = ''
as $$
    select private.schema_version()
$$;
revoke execute on function public.schema_version() from public;
grant execute on function public.schema_version() to anon, authenticated, service_role;
