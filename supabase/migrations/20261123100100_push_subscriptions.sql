-- Browsers that want web push. The push service's address is a secret between it and us: who knows it can be told to have it.

create table if not exists public.push_subscriptions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    endpoint text not null
        constraint push_subscriptions_endpoint_is_url check (endpoint ~ '^https?://[!-~]+$' and char_length(endpoint) <= 2000),
    p256dh text not null
        constraint push_subscriptions_key_shaped check (p256dh ~ '^[A-Za-z0-9_-]{87}=?$'),
    auth text not null
        constraint push_subscriptions_auth_shaped check (auth ~ '^[A-Za-z0-9_-]{22}(==)?$'),
    created_at timestamptz not null default clock_timestamp(),
    -- a browser is one person's at a time
    constraint push_subscriptions_one_owner unique (endpoint)
);
create index if not exists push_subscriptions_user_id on public.push_subscriptions (user_id);

alter table public.push_subscriptions enable row level security;
revoke all on public.push_subscriptions from public, anon, authenticated;
grant select (id, user_id, endpoint, created_at), delete on public.push_subscriptions to authenticated;
grant insert (user_id, endpoint, p256dh, auth) on public.push_subscriptions to authenticated;
grant select, insert, update, delete on public.push_subscriptions to service_role;

drop policy if exists "People see their browsers" on public.push_subscriptions;
create policy "People see their browsers" on public.push_subscriptions
    for select to authenticated
    using (user_id = (select auth.uid()));
drop policy if exists "People add their browsers" on public.push_subscriptions;
create policy "People add their browsers" on public.push_subscriptions
    for insert to authenticated
    with check (user_id = (select auth.uid()));
drop policy if exists "People remove their browsers" on public.push_subscriptions;
create policy "People remove their browsers" on public.push_subscriptions
    for delete to authenticated
    using (user_id = (select auth.uid()));

-- A browser that somebody else used before is his no longer: his notices must not appear on it.
create or replace function private.save_push_subscription(endpoint text, p256dh text, auth text) returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    caller uuid := auth.uid();
    saved uuid;
begin
    if caller is null then
        perform private.fail(401, 'not_signed_in', 'Sign in first.');
    end if;
    if save_push_subscription.endpoint !~ '^https?://[!-~]+$'
        or char_length(save_push_subscription.endpoint) > 2000
        or save_push_subscription.p256dh !~ '^[A-Za-z0-9_-]{87}=?$'
        or save_push_subscription.auth !~ '^[A-Za-z0-9_-]{22}(==)?$'
    then
        perform private.fail(400, 'bad_subscription', 'That is not a push subscription as browsers make them.');
    end if;
    perform pg_advisory_xact_lock(hashtextextended('mentorkit browsers of ' || caller::text, 0));
    if (
        select count(*) from public.push_subscriptions as s
            where s.user_id = caller and s.endpoint <> save_push_subscription.endpoint
    ) >= 20 then
        perform private.fail(429, 'too_many_subscriptions', 'Twenty browsers are enough; remove one first.');
    end if;
    insert into public.push_subscriptions as s (user_id, endpoint, p256dh, auth)
        values (caller, save_push_subscription.endpoint, save_push_subscription.p256dh, save_push_subscription.auth)
        on conflict on constraint push_subscriptions_one_owner do update
            set user_id = excluded.user_id, p256dh = excluded.p256dh, auth = excluded.auth
        returning s.id into saved;
    return saved;
end
$$;
revoke execute on function private.save_push_subscription(text, text, text) from public;
grant execute on function private.save_push_subscription(text, text, text) to authenticated;

-- Registers the browser the caller sits at; doing it again is harmless.
create or replace function public.save_push_subscription(endpoint text, p256dh text, auth text) returns uuid
language sql
set search_path = ''
as $$
    select private.save_push_subscription(save_push_subscription.endpoint, save_push_subscription.p256dh, save_push_subscription.auth)
$$;
revoke execute on function public.save_push_subscription(text, text, text) from public, anon;
grant execute on function public.save_push_subscription(text, text, text) to authenticated;

insert into private.schema_parts (version, subject)
    values ('20261123100100', 'push_subscriptions')
    on conflict (version) do nothing;
