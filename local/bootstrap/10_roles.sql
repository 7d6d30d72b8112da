-- The roles a Supabase project has, with the powers they have there. Roles belong to the whole server, and this file runs
-- once per database, so every statement must be harmless the second time.

create schema if not exists extensions;

do $roles$
declare
    wanted constant jsonb := '{
        "anon": "nologin noinherit",
        "authenticated": "nologin noinherit",
        "service_role": "nologin noinherit bypassrls",
        "authenticator": "login noinherit",
        "postgres": "login createdb createrole replication bypassrls",
        "dashboard_user": "nologin createdb createrole replication",
        "supabase_auth_admin": "login noinherit createrole",
        "supabase_storage_admin": "login noinherit createrole",
        "supabase_realtime_admin": "nologin noinherit",
        "supabase_replication_admin": "login replication",
        "supabase_read_only_user": "login bypassrls"
    }';
    role_name text;
    options text;
begin
    -- One block, one transaction: when one of the roles is there, all of this was done. Databases for tests are made side
    -- by side in one server, and writing the same role from two of them at once would fail.
    if exists (select from pg_roles where rolname = 'authenticator') then
        return;
    end if;

    for role_name, options in select * from jsonb_each_text(wanted) loop
        -- A known password, as `supabase start` has: this server listens on the loopback only.
        execute format('create role %I %s password %L', role_name, options, 'postgres');
    end loop;

    -- PostgREST logs in as authenticator, which can do nothing but become one of these.
    grant anon, authenticated, service_role to authenticator;
    -- `postgres` sets up a project's roles without being a superuser: it may grant them on, and become them.
    grant anon, authenticated, service_role, authenticator to postgres with admin option;
    grant anon, authenticated, service_role to supabase_storage_admin;
    grant supabase_realtime_admin to postgres;
    grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres with admin option;
    if exists (select from pg_roles where rolname = 'pg_create_subscription') then  -- since PostgreSQL 16
        grant pg_create_subscription to postgres with admin option;
    end if;
    grant pg_read_all_data to supabase_read_only_user;

    alter role anon set statement_timeout = '3s';
    alter role authenticated set statement_timeout = '8s';
    alter role authenticator set statement_timeout = '8s';
    alter role authenticator set lock_timeout = '8s';
    alter role postgres set search_path = "$user", public, extensions;
    alter role supabase_admin set search_path = "$user", public, auth, extensions;
    alter role supabase_auth_admin set search_path = auth;
    alter role supabase_auth_admin set idle_in_transaction_session_timeout = '60s';
    alter role supabase_storage_admin set search_path = storage;
end
$roles$;

grant usage on schema extensions to public;
grant all on schema extensions to postgres with grant option;
