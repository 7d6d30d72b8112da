-- Schema realtime as a project has it: the messages table whose policies authorise private channels, the functions that
-- broadcast from the database, and two functions of our own through which the gateway asks, as the user, what may be seen.
-- Applied as supabase_admin to a new database; harmless to repeat.

create schema if not exists realtime;
grant usage on schema realtime to anon, authenticated, service_role, supabase_realtime_admin;
grant usage on schema realtime to postgres with grant option;

create table if not exists realtime.messages (
    topic text not null,
    extension text not null,
    payload jsonb,
    event text,
    private boolean default false,
    updated_at timestamp not null default now(),
    inserted_at timestamp not null default now(),
    id uuid not null default gen_random_uuid(),
    binary_payload bytea,
    primary key (id, inserted_at),
    constraint messages_payload_exclusive check (payload is null or binary_payload is null)
) partition by range (inserted_at);

create index if not exists messages_inserted_at_topic_index on realtime.messages (inserted_at desc, topic)
    where extension = 'broadcast' and private is true;

alter table realtime.messages owner to supabase_realtime_admin;
alter table realtime.messages enable row level security;
grant select, insert, update on realtime.messages to postgres, anon, authenticated, service_role;

-- One partition a day, kept for three days. The gateway calls this when it starts and every hour; the days ahead carry a
-- database that runs without it.
create or replace function realtime.keep_partitions(today date default (now() at time zone 'utc')::date) returns void
language plpgsql
set search_path = ''
as $$
declare
    day date;
    old regclass;
begin
    for old in
        select inhrelid::regclass
        from pg_catalog.pg_inherits
        join pg_catalog.pg_class on pg_class.oid = inhrelid
        where inhparent = 'realtime.messages'::regclass
            and relname < 'messages_' || to_char(today - 3, 'YYYY_MM_DD')
    loop
        execute format('drop table %s', old);
    end loop;

    for day in select generate_series(today - 1, today + 7, interval '1 day') loop
        if to_regclass('realtime.messages_' || to_char(day, 'YYYY_MM_DD')) is null then
            execute format(
                'create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
                'messages_' || to_char(day, 'YYYY_MM_DD'), day, day + 1
            );
            execute format('alter table realtime.%I enable row level security', 'messages_' || to_char(day, 'YYYY_MM_DD'));
        end if;
    end loop;
end
$$;
revoke all on function realtime.keep_partitions(date) from public;

select realtime.keep_partitions();

-- The channel a policy on realtime.messages is asked about.
create or replace function realtime.topic() returns text
    language sql stable
    as $$
    select nullif(current_setting('realtime.topic', true), '')
$$;

-- Broadcasts `payload` to the subscribers of `topic` once the transaction commits. Runs as the caller and never fails: what
-- goes wrong is a warning.
create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
language plpgsql
as $$
declare
    message_id uuid := gen_random_uuid();
begin
    if not payload ? 'id' then
        payload := payload || jsonb_build_object('id', message_id);
    end if;
    perform set_config('realtime.topic', topic, true);
    insert into realtime.messages (id, payload, event, topic, private, extension)
        values (message_id, payload, event, topic, private, 'broadcast');
exception when others then
    raise warning 'ErrorSendingBroadcastMessage: %', sqlerrm;
end
$$;

create or replace function realtime.send_binary(payload bytea, event text, topic text, private boolean default true)
returns void
language plpgsql
as $$
begin
    perform set_config('realtime.topic', topic, true);
    insert into realtime.messages (id, binary_payload, event, topic, private, extension)
        values (gen_random_uuid(), payload, event, topic, private, 'broadcast');
exception when others then
    raise warning 'ErrorSendingBroadcastMessage: %', sqlerrm;
end
$$;

-- For row triggers: broadcasts the change of one row, privately.
create or replace function realtime.broadcast_changes(
    topic_name text,
    event_name text,
    operation text,
    table_name text,
    table_schema text,
    new record,
    old record,
    level text default 'ROW'
) returns void
language plpgsql
as $$
begin
    if level = 'STATEMENT' then
        raise exception 'function can only be triggered for each row, not for each statement';
    end if;
    if operation not in ('INSERT', 'UPDATE', 'DELETE') then
        raise exception 'Unexpected operation type: %', operation;
    end if;
    perform realtime.send(
        jsonb_build_object(
            'operation', operation,
            'schema', table_schema,
            'table', table_name,
            'record', to_jsonb(new),
            'old_record', to_jsonb(old)
        ),
        event_name,
        topic_name
    );
exception when others then
    raise exception 'Failed to process the row: %', sqlerrm;
end
$$;

-- Returns when the transaction `xid` is over for everybody. The stream tells of a commit as soon as it is in the log, which
-- is a moment before other sessions see it; whoever were told then and looked, would find nothing.
create or replace function realtime.await_commit(xid bigint) returns void
language plpgsql
set search_path = ''
as $$
declare
    newest constant bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    -- The stream's numbers have 32 bits, and the transaction is a recent one: which of those it is follows.
    distance bigint := (xid - newest) & 4294967295;
    whole xid8;
begin
    if distance > 2147483647 then
        distance := distance - 4294967296;
    end if;
    whole := (newest + distance)::text::xid8;
    while not pg_visible_in_snapshot(whole, pg_current_snapshot()) loop
        perform pg_sleep(0.0002);
    end loop;
end
$$;
revoke all on function realtime.await_commit(bigint) from public;

-- Asks `statement` (an EXECUTE of a statement the gateway prepared: is this row visible?) once for each subscriber, as that
-- subscriber. No search_path of its own: policies must find what they find in a request.
create or replace function realtime.visible_to(statement text, roles text[], claims text[]) returns boolean[]
language plpgsql
as $$
declare
    answers boolean[] := '{}';
    answer boolean;
begin
    for i in 1 .. cardinality(roles) loop
        if i = 1 or roles[i] <> roles[i - 1] then
            perform set_config('role', roles[i], true);
        end if;
        perform set_config('request.jwt.claims', claims[i], true);
        execute statement into answer;
        answers := answers || answer;
    end loop;
    perform set_config('role', 'none', true);
    return answers;
end
$$;
revoke all on function realtime.visible_to(text, text[], text[]) from public;

-- What the policies on realtime.messages let this caller do on a private channel. The rows it tries are undone again, each
-- by the exception that ends its block.
create or replace function realtime.channel_rights(
    channel text,
    role_name text,
    claims jsonb,
    headers jsonb,
    out broadcast_read boolean,
    out presence_read boolean,
    out broadcast_write boolean,
    out presence_write boolean
)
language plpgsql
as $$
declare
    broadcast_probe uuid := gen_random_uuid();
    presence_probe uuid := gen_random_uuid();
begin
    perform
        set_config('realtime.topic', channel, true),
        set_config('request.jwt.claims', claims::text, true),
        set_config('request.jwt.claim.sub', coalesce(claims ->> 'sub', ''), true),
        set_config('request.jwt.claim.role', role_name, true),
        set_config('request.headers', headers::text, true);
    begin
        insert into realtime.messages (id, topic, extension)
            values (broadcast_probe, channel, 'broadcast'), (presence_probe, channel, 'presence');
        perform set_config('role', role_name, true);
        broadcast_read := exists (select from realtime.messages where id = broadcast_probe);
        presence_read := exists (select from realtime.messages where id = presence_probe);
        raise exception using errcode = 'RT000';
    exception when sqlstate 'RT000' then null;
    end;
    begin
        perform set_config('role', role_name, true);
        insert into realtime.messages (topic, extension) values (channel, 'broadcast');
        broadcast_write := true;
        raise exception using errcode = 'RT000';
    exception
        when sqlstate 'RT000' then null;
        when insufficient_privilege then broadcast_write := false;
    end;
    begin
        perform set_config('role', role_name, true);
        insert into realtime.messages (topic, extension) values (channel, 'presence');
        presence_write := true;
        raise exception using errcode = 'RT000';
    exception
        when sqlstate 'RT000' then null;
        when insufficient_privilege then presence_write := false;
    end;
end
$$;
revoke all on function realtime.channel_rights(text, text, jsonb, jsonb) from public;

alter function realtime.topic() owner to supabase_realtime_admin;
alter function realtime.send(jsonb, text, text, boolean) owner to supabase_realtime_admin;
alter function realtime.send_binary(bytea, text, text, boolean) owner to supabase_realtime_admin;
alter function realtime.broadcast_changes(text, text, text, text, text, record, record, text)
    owner to supabase_realtime_admin;

do $publications$
begin
    -- Migrations add their tables to this one.
    if not exists (select from pg_publication where pubname = 'supabase_realtime') then
        create publication supabase_realtime;
    end if;
    alter publication supabase_realtime owner to postgres;
    -- Broadcast from the database reads this one.
    if not exists (select from pg_publication where pubname = 'supabase_realtime_messages_publication') then
        create publication supabase_realtime_messages_publication for table realtime.messages
            with (publish = 'insert', publish_via_partition_root = true);
    end if;
end
$publications$;
