-- What is to be sent for a notice: one row per person and way, made with the notice in one transaction. Workers claim due rows
-- with `for update skip locked` for a limited time; only the holder of the current claim may close a row.

create table if not exists public.notification_deliveries (
    id uuid primary key default gen_random_uuid(),
    notification_id uuid not null references public.notifications (id) on delete cascade,
    recipient_id uuid not null references auth.users (id) on delete cascade,
    channel text not null
        constraint notification_deliveries_known_channel check (channel in ('mail', 'push', 'webhook')),
    -- mostly the notice's own; a person who acted gets another letter about it than the one who is told
    kind text not null,
    endpoint_id uuid references public.webhook_endpoints (id) on delete cascade,
    subscription_id uuid references public.push_subscriptions (id) on delete cascade,
    status text not null default 'waiting'
        constraint notification_deliveries_known_status check (status in (
            'waiting',  -- due at next_attempt_at
            'claimed',  -- waiting -> claimed: a worker has it until claimed_until
            'sent',     -- claimed -> sent
            'skipped',  -- claimed -> skipped: no longer true or no longer wanted; outcome says why
            'dead'      -- claimed -> dead: given up; outcome says why
        )),
    -- attempts that failed
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default clock_timestamp(),
    claim uuid,
    claimed_until timestamptz,
    outcome text constraint notification_deliveries_outcome_bounded check (char_length(outcome) <= 500),
    response_status integer,
    created_at timestamptz not null default clock_timestamp(),
    closed_at timestamptz,
    constraint notification_deliveries_target_of_channel check (
        (channel = 'webhook') = (endpoint_id is not null) and (channel = 'push') = (subscription_id is not null)
    ),
    constraint notification_deliveries_claimed_by_someone check (
        (status = 'claimed') = (claim is not null) and (claim is null) = (claimed_until is null)
    ),
    constraint notification_deliveries_closed_once check ((status in ('sent', 'skipped', 'dead')) = (closed_at is not null)),
    constraint notification_deliveries_once
        unique nulls not distinct (notification_id, recipient_id, channel, endpoint_id, subscription_id)
);
create index if not exists notification_deliveries_recipient_id
    on public.notification_deliveries (recipient_id, created_at desc);
create index if not exists notification_deliveries_endpoint_id
    on public.notification_deliveries (endpoint_id, created_at desc);
create index if not exists notification_deliveries_subscription_id on public.notification_deliveries (subscription_id);
create index if not exists notification_deliveries_due on public.notification_deliveries (next_attempt_at)
    where status in ('waiting', 'claimed');
create index if not exists notification_deliveries_dead on public.notification_deliveries (closed_at desc)
    where status = 'dead';

alter table public.notification_deliveries enable row level security;
revoke all on public.notification_deliveries from public, anon, authenticated;
grant select (
        id, notification_id, recipient_id, channel, kind, endpoint_id, subscription_id, status, attempts, next_attempt_at,
        outcome, response_status, created_at, closed_at
    ) on public.notification_deliveries to authenticated;
grant select, insert, update, delete on public.notification_deliveries to service_role;

drop policy if exists "Recipients see what was sent" on public.notification_deliveries;
create policy "Recipients see what was sent" on public.notification_deliveries
    for select to authenticated
    using (recipient_id = (select auth.uid()));

-- Every call to an endpoint, as its owner may see it.
create table if not exists public.webhook_attempts (
    id bigint generated always as identity primary key,
    delivery_id uuid not null references public.notification_deliveries (id) on delete cascade,
    owner_id uuid not null references auth.users (id) on delete cascade,
    attempted_at timestamptz not null default clock_timestamp(),
    response_status integer,
    outcome text,
    milliseconds integer
);
create index if not exists webhook_attempts_delivery_id on public.webhook_attempts (delivery_id, id);
create index if not exists webhook_attempts_owner_id on public.webhook_attempts (owner_id, id desc);

alter table public.webhook_attempts enable row level security;
revoke all on public.webhook_attempts from public, anon, authenticated;
grant select on public.webhook_attempts to authenticated;
grant select, insert, update, delete on public.webhook_attempts to service_role;

drop policy if exists "Owners see their calls" on public.webhook_attempts;
create policy "Owners see their calls" on public.webhook_attempts
    for select to authenticated
    using (owner_id = (select auth.uid()));

-- Addresses whose mailbox does not exist, as their server said. Nothing is sent to them until somebody clears them.
create table if not exists private.bounced_addresses (
    address text primary key,
    reason text not null,
    bounced_at timestamptz not null default clock_timestamp()
);
alter table private.bounced_addresses enable row level security;
revoke all on private.bounced_addresses from public, anon, authenticated, service_role;

-- A change that a person made himself comes as no notice, but his calendar has to learn of it: one mail more for him.
create or replace function private.letter_for_actor(notice public.notifications, out recipient_id uuid, out kind text)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    caller uuid := auth.uid();
begin
    if caller is null or caller = notice.recipient_id then
        return;
    end if;
    kind := case notice.kind
        when 'request_approved' then 'session_booked'
        when 'session_cancelled' then 'session_cancelled'
        when 'session_rescheduled' then 'session_rescheduled'
        when 'request_rejected' then 'request_closed'
    end;
    if kind is null then
        return;
    end if;
    select caller into recipient_id
        from public.session_requests as r
        where r.id = notice.request_id and caller in (r.mentor_id, r.student_id);
    if not found then
        select caller into recipient_id
            from public.sessions as s
            where s.id = notice.session_id and caller in (s.mentor_id, s.student_id);
    end if;
    -- the tentative entry of a request is only in calendars it was sent to
    if kind = 'request_closed' and not exists (
        select from public.notifications as n
            join public.notification_deliveries as d on d.notification_id = n.id
            where n.request_id = notice.request_id
                and n.kind = 'request_created'
                and d.recipient_id = caller
                and d.channel = 'mail'
                and d.status = 'sent'
    ) then
        recipient_id := null;
    end if;
end
$$;
revoke execute on function private.letter_for_actor(public.notifications) from public;

create or replace function private.plan_deliveries() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    own_letter record := private.letter_for_actor(new);
begin
    insert into public.notification_deliveries (notification_id, recipient_id, channel, kind, endpoint_id, subscription_id)
        select new.id, new.recipient_id, 'mail', new.kind, null::uuid, null::uuid
            where private.wants(new.recipient_id, new.kind, 'mail')
        union all
        select new.id, own_letter.recipient_id, 'mail', own_letter.kind, null, null
            where own_letter.recipient_id is not null
                and private.wants(own_letter.recipient_id, own_letter.kind, 'mail')
        union all
        select new.id, new.recipient_id, 'push', new.kind, null, s.id
            from public.push_subscriptions as s
            where s.user_id = new.recipient_id and private.wants(new.recipient_id, new.kind, 'push')
        union all
        select new.id, new.recipient_id, 'webhook', new.kind, e.id, null
            from public.webhook_endpoints as e
            where e.owner_id = new.recipient_id
                and e.enabled
                and (e.kinds = '{}' or new.kind = any (e.kinds))
        on conflict on constraint notification_deliveries_once do nothing;
    return null;
end
$$;
revoke execute on function private.plan_deliveries() from public;

create or replace trigger plan_deliveries
    after insert on public.notifications
    for each row execute function private.plan_deliveries();

insert into private.schema_parts (version, subject)
    values ('20261123100500', 'deliveries')
    on conflict (version) do nothing;
