-- Addresses of other programs that want to be told what their owner is told. The secret that signs the calls is shown when it is
-- made and never again; where a call may go is decided by the functions, which resolve the name first.

create or replace function private.new_webhook_secret() returns text
language sql
volatile
set search_path = ''
as $$
    select 'whsec_' || encode(extensions.gen_random_bytes(30), 'base64')
$$;
revoke execute on function private.new_webhook_secret() from public;
grant execute on function private.new_webhook_secret() to authenticated, service_role;

create table if not exists public.webhook_endpoints (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    url text not null
        constraint webhook_endpoints_url_is_url check (url ~ '^https?://[!-~]+$' and char_length(url) <= 2000),
    description text not null default ''
        constraint webhook_endpoints_description_bounded check (char_length(description) <= 200),
    -- empty: every kind
    kinds text[] not null default '{}'
        constraint webhook_endpoints_kinds_bounded check (
            cardinality(kinds) <= 40 and array_position(kinds, null) is null and char_length(kinds::text) <= 2000
        ),
    secret text not null default private.new_webhook_secret()
        constraint webhook_endpoints_secret_shaped check (secret ~ '^whsec_[A-Za-z0-9+/]{32,}={0,2}$'),
    enabled boolean not null default true,
    -- dead letters in a row; at ten the endpoint is switched off
    failures integer not null default 0,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);
create index if not exists webhook_endpoints_owner_id on public.webhook_endpoints (owner_id);

create or replace function private.check_webhook_endpoint() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    if tg_op = 'INSERT' then
        perform pg_advisory_xact_lock(hashtextextended('mentorkit endpoints of ' || new.owner_id::text, 0));
        if (select count(*) from public.webhook_endpoints as e where e.owner_id = new.owner_id) >= 10 then
            perform private.fail(429, 'too_many_endpoints', 'Ten endpoints are enough; remove one first.');
        end if;
    end if;
    if new.url !~ '^https?://[!-~]+$' or char_length(new.url) > 2000 then
        perform private.fail(400, 'bad_url', 'That is not a usable URL.');
    end if;
    if char_length(new.description) > 200 then
        perform private.fail(400, 'text_too_long', 'A description has at most 200 characters.');
    end if;
    if tg_op = 'UPDATE' and new.enabled and not old.enabled then
        new.failures := 0;
    end if;
    return new;
end
$$;
revoke execute on function private.check_webhook_endpoint() from public;

create or replace trigger check_webhook_endpoint
    before insert or update of url, description, enabled on public.webhook_endpoints
    for each row execute function private.check_webhook_endpoint();
create or replace trigger touch
    before update on public.webhook_endpoints
    for each row execute function private.touch();

alter table public.webhook_endpoints enable row level security;
revoke all on public.webhook_endpoints from public, anon, authenticated;
grant select (id, owner_id, url, description, kinds, enabled, failures, created_at, updated_at), delete
    on public.webhook_endpoints to authenticated;
grant insert (owner_id, url, description, kinds), update (url, description, kinds, enabled)
    on public.webhook_endpoints to authenticated;
grant select, insert, update, delete on public.webhook_endpoints to service_role;

drop policy if exists "Owners see their endpoints" on public.webhook_endpoints;
create policy "Owners see their endpoints" on public.webhook_endpoints
    for select to authenticated
    using (owner_id = (select auth.uid()));
drop policy if exists "Owners add endpoints" on public.webhook_endpoints;
create policy "Owners add endpoints" on public.webhook_endpoints
    for insert to authenticated
    with check (owner_id = (select auth.uid()));
drop policy if exists "Owners change their endpoints" on public.webhook_endpoints;
create policy "Owners change their endpoints" on public.webhook_endpoints
    for update to authenticated
    using (owner_id = (select auth.uid()))
    with check (owner_id = (select auth.uid()));
drop policy if exists "Owners remove their endpoints" on public.webhook_endpoints;
create policy "Owners remove their endpoints" on public.webhook_endpoints
    for delete to authenticated
    using (owner_id = (select auth.uid()));

-- The owner's way to a secret: a new one, shown once; the old one signs no longer.
create or replace function private.rotate_webhook_secret(endpoint_id uuid) returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
    fresh text;
begin
    update public.webhook_endpoints as e
        set secret = private.new_webhook_secret()
        where e.id = endpoint_id and e.owner_id = auth.uid()
        returning e.secret into fresh;
    if fresh is null then
        perform private.fail(404, 'not_found', 'There is no such endpoint.');
    end if;
    return fresh;
end
$$;
revoke execute on function private.rotate_webhook_secret(uuid) from public;
grant execute on function private.rotate_webhook_secret(uuid) to authenticated;

create or replace function public.rotate_webhook_secret(endpoint_id uuid) returns text
language sql
set search_path = ''
as $$
    select private.rotate_webhook_secret(endpoint_id)
$$;
revoke execute on function public.rotate_webhook_secret(uuid) from public, anon;
grant execute on function public.rotate_webhook_secret(uuid) to authenticated;

-- A new endpoint of the caller with its secret.
create or replace function public.create_webhook_endpoint(url text, kinds text[] default '{}', description text default '')
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
    made uuid;
begin
    insert into public.webhook_endpoints as e (url, kinds, description)
        values (create_webhook_endpoint.url, create_webhook_endpoint.kinds, create_webhook_endpoint.description)
        returning e.id into made;
    return jsonb_build_object('id', made, 'secret', private.rotate_webhook_secret(made));
end
$$;
revoke execute on function public.create_webhook_endpoint(text, text[], text) from public, anon;
grant execute on function public.create_webhook_endpoint(text, text[], text) to authenticated;

insert into private.schema_parts (version, subject)
    values ('20261123100200', 'webhook_endpoints')
    on conflict (version) do nothing;
