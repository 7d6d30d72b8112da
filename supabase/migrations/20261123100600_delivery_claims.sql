-- How workers take deliveries. A claim ends by itself, measured by the database's clock, so that what a killed worker held is
-- taken over; `now` only decides what is due.

-- Why a claimed delivery should not go out after all; null when it should. What programs are told (webhooks) is never stale.
create or replace function private.reason_to_skip(delivery public.notification_deliveries, now timestamptz) returns text
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    notice public.notifications;
    request_status text;
    session public.sessions;
begin
    if delivery.channel = 'webhook' then
        return (select 'endpoint switched off' from public.webhook_endpoints as e
            where e.id = delivery.endpoint_id and not e.enabled);
    end if;
    if not private.wants(delivery.recipient_id, delivery.kind, delivery.channel) then
        return 'not wanted';
    end if;
    select * into notice from public.notifications as n where n.id = delivery.notification_id;
    if notice.kind = 'request_created' then
        select r.status into request_status from public.session_requests as r where r.id = notice.request_id;
        if request_status <> 'pending' then
            return 'answered meanwhile';
        end if;
    elsif notice.kind in ('session_reminder', 'request_approved', 'session_rescheduled') then
        select * into session from public.sessions as s where s.id = notice.session_id;
        if session.status = 'cancelled' then
            return 'cancelled meanwhile';
        elsif notice.kind = 'session_reminder' then
            if session.scheduled_time is distinct from (notice.payload ->> 'scheduled_time')::timestamptz then
                return 'moved meanwhile';
            elsif session.scheduled_time <= reason_to_skip.now then
                return 'too late';
            end if;
        end if;
    end if;
    return null;
end
$$;
revoke execute on function private.reason_to_skip(public.notification_deliveries, timestamptz) from public;

-- All a worker needs to send one delivery.
create or replace function private.delivery_content(delivery public.notification_deliveries) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select jsonb_build_object(
            'id', delivery.id,
            'claim', delivery.claim,
            'channel', delivery.channel,
            'kind', delivery.kind,
            'attempts', delivery.attempts,
            'notice_id', n.id,
            'created_at', n.created_at,
            'payload', n.payload,
            'recipient', private.reader(delivery.recipient_id),
            'booking', private.booking(n.request_id, n.session_id),
            'answer_id', link.id,
            'answer_until', link.expires_at,
            'target', case delivery.channel
                when 'webhook' then (
                    select jsonb_build_object('id', e.id, 'url', e.url, 'secret', e.secret)
                        from public.webhook_endpoints as e where e.id = delivery.endpoint_id
                )
                when 'push' then (
                    select jsonb_build_object('id', s.id, 'endpoint', s.endpoint, 'p256dh', s.p256dh, 'auth', s.auth)
                        from public.push_subscriptions as s where s.id = delivery.subscription_id
                )
            end
        )
            from public.notifications as n
            left join private.answer_links as link on link.id = delivery.id
            where n.id = delivery.notification_id
    );
end
$$;
revoke execute on function private.delivery_content(public.notification_deliveries) from public;

create or replace function private.claim_deliveries(max_items integer, lease_seconds double precision, now timestamptz)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    taken public.notification_deliveries;
    why text;
    contents jsonb[] := array[]::jsonb[];
    skipped integer := 0;
    dead integer := 0;
begin
    for taken in
        update public.notification_deliveries as d
            set status = 'claimed',
                claim = gen_random_uuid(),
                claimed_until = clock_timestamp() + make_interval(secs => greatest(lease_seconds, 1)),
                -- whoever let a claim lapse died of it, perhaps of the item itself
                attempts = d.attempts + case d.status when 'claimed' then 1 else 0 end
            where d.id in (
                select due.id from public.notification_deliveries as due
                    where due.status in ('waiting', 'claimed')
                        and due.next_attempt_at <= claim_deliveries.now
                        and (due.status = 'waiting' or due.claimed_until < clock_timestamp())
                    order by due.next_attempt_at
                    limit greatest(least(max_items, 1000), 0)
                    for update skip locked
            )
            returning d.*
    loop
        why := private.reason_to_skip(taken, claim_deliveries.now);
        if why is not null then
            skipped := skipped + 1;
            update public.notification_deliveries as d
                set status = 'skipped', claim = null, claimed_until = null, closed_at = clock_timestamp(), outcome = why
                where d.id = taken.id;
            continue;
        end if;
        why := case
            when taken.attempts > 12 then 'every worker that took it died'
            when taken.channel = 'mail' then (
                select case when coalesce(u.email, '') = '' then 'no address' else b.reason end
                    from auth.users as u
                    left join private.bounced_addresses as b on b.address = lower(u.email)
                    where u.id = taken.recipient_id
            )
        end;
        if why is not null then
            dead := dead + 1;
            update public.notification_deliveries as d
                set status = 'dead', claim = null, claimed_until = null, closed_at = clock_timestamp(), outcome = left(why, 500)
                where d.id = taken.id;
            continue;
        end if;
        if taken.channel = 'mail' and taken.kind = 'request_created' then
            insert into private.answer_links (id, request_id, mentor_id, expires_at)
                select taken.id, r.id, r.mentor_id, r.expires_at
                    from public.notifications as n
                    join public.session_requests as r on r.id = n.request_id
                    where n.id = taken.notification_id and r.mentor_id = taken.recipient_id
                on conflict (id) do nothing;
        end if;
        contents := array_append(contents, private.delivery_content(taken));
    end loop;
    return jsonb_build_object('deliveries', to_jsonb(contents), 'skipped', skipped, 'dead', dead);
end
$$;
revoke execute on function private.claim_deliveries(integer, double precision, timestamptz) from public;
grant execute on function private.claim_deliveries(integer, double precision, timestamptz) to service_role;

-- Takes due deliveries for `lease_seconds`: {"deliveries": [...], "skipped": n, "dead": n}.
create or replace function public.claim_deliveries(
    max_items integer default 100,
    lease_seconds double precision default 60,
    now timestamptz default clock_timestamp()
) returns jsonb
language sql
set search_path = ''
as $$
    select private.claim_deliveries(max_items, lease_seconds, now)
$$;
revoke execute on function public.claim_deliveries(integer, double precision, timestamptz) from public, anon, authenticated;
grant execute on function public.claim_deliveries(integer, double precision, timestamptz) to service_role;

insert into private.schema_parts (version, subject)
    values ('20261123100600', 'delivery_claims')
    on conflict (version) do nothing;
