-- How workers take deliveries and give back what came of them. A claim ends by itself, measured by the database's clock, so
-- that what a killed worker held is taken over; `now` only decides what is due.

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
    contents jsonb := jsonb_build_array();
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
        contents := contents || private.delivery_content(taken);
    end loop;
    return jsonb_build_object('deliveries', contents, 'skipped', skipped, 'dead', dead);
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

create or replace function private.finish_deliveries(results jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    result record;
    closed public.notification_deliveries;
    finished integer := 0;
begin
    for result in
        select * from jsonb_to_recordset(results) as r (
            id uuid, claim uuid, status text, next_attempt_at timestamptz, outcome text,
            response_status integer, milliseconds integer, failed boolean, gone boolean, bounced boolean
        )
        -- always in one order, so that two workers never wait for each other in a circle
        order by r.id
    loop
        update public.notification_deliveries as d
            set status = result.status,
                claim = null,
                claimed_until = null,
                attempts = d.attempts + case when result.failed then 1 else 0 end,
                next_attempt_at = coalesce(result.next_attempt_at, d.next_attempt_at),
                outcome = left(result.outcome, 500),
                response_status = result.response_status,
                closed_at = case when result.status = 'waiting' then null else clock_timestamp() end
            where d.id = result.id and d.status = 'claimed' and d.claim = result.claim
            returning d.* into closed;
        continue when not found;
        finished := finished + 1;
        if closed.channel = 'webhook' then
            insert into public.webhook_attempts (delivery_id, owner_id, response_status, outcome, milliseconds)
                values (closed.id, closed.recipient_id, result.response_status, left(result.outcome, 500), result.milliseconds);
            update public.webhook_endpoints as e
                set failures = case closed.status when 'sent' then 0 else e.failures + 1 end,
                    enabled = e.enabled and closed.status = 'sent' or (e.enabled and e.failures < 9 and not coalesce(result.gone, false))
                where e.id = closed.endpoint_id
                    and (closed.status = 'dead' or (closed.status = 'sent' and e.failures > 0));
        elsif closed.channel = 'push' and result.gone then
            delete from public.push_subscriptions as s where s.id = closed.subscription_id;
        elsif closed.channel = 'mail' and result.bounced then
            insert into private.bounced_addresses (address, reason)
                select lower(u.email), 'bounced: ' || coalesce(closed.outcome, '')
                    from auth.users as u
                    where u.id = closed.recipient_id and u.email is not null
                on conflict (address) do nothing;
        end if;
    end loop;
    return jsonb_build_object('finished', finished);
end
$$;
revoke execute on function private.finish_deliveries(jsonb) from public;
grant execute on function private.finish_deliveries(jsonb) to service_role;

-- Closes or puts back what a worker had claimed; rows whose claim is not this worker's any more stay as they are.
create or replace function public.finish_deliveries(results jsonb) returns jsonb
language sql
set search_path = ''
as $$
    select private.finish_deliveries(results)
$$;
revoke execute on function public.finish_deliveries(jsonb) from public, anon, authenticated;
grant execute on function public.finish_deliveries(jsonb) to service_role;

-- Dead letters, newest first, for whoever runs this.
create or replace function public.dead_deliveries(max_items integer default 100) returns jsonb
language sql
stable
set search_path = ''
as $$
    select coalesce(jsonb_agg(to_jsonb(newest)), '[]')
        from (
            select d.id, d.notification_id, d.recipient_id, d.channel, d.kind, d.endpoint_id, d.subscription_id, d.attempts,
                    d.outcome, d.response_status, d.created_at, d.closed_at
                from public.notification_deliveries as d
                where d.status = 'dead'
                order by d.closed_at desc
                limit greatest(least(max_items, 1000), 0)
        ) as newest
$$;
revoke execute on function public.dead_deliveries(integer) from public, anon, authenticated;
grant execute on function public.dead_deliveries(integer) to service_role;

create or replace function private.send_again(delivery_id uuid, owner_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    found_one public.notification_deliveries;
begin
    select * into found_one from public.notification_deliveries as d
        where d.id = delivery_id
            and (send_again.owner_id is null or (d.recipient_id = send_again.owner_id and d.channel = 'webhook'))
        for update;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such delivery.');
    end if;
    if found_one.status in ('waiting', 'claimed') then
        perform private.fail(409, 'delivery_under_way', 'This delivery is under way already.');
    end if;
    if send_again.owner_id is null then
        delete from private.bounced_addresses as b
            using auth.users as u
            where u.id = found_one.recipient_id and b.address = lower(u.email);
    end if;
    update public.notification_deliveries as d
        set status = 'waiting', attempts = 0, next_attempt_at = clock_timestamp(), closed_at = null, outcome = null,
            response_status = null
        where d.id = delivery_id;
    return jsonb_build_object('id', delivery_id, 'status', 'waiting');
end
$$;
revoke execute on function private.send_again(uuid, uuid) from public;
grant execute on function private.send_again(uuid, uuid) to service_role;

-- Gives a closed delivery another chance, for whoever runs this; a bounced address is forgiven.
create or replace function public.revive_delivery(delivery_id uuid) returns jsonb
language sql
set search_path = ''
as $$
    select private.send_again(delivery_id, null)
$$;
revoke execute on function public.revive_delivery(uuid) from public, anon, authenticated;
grant execute on function public.revive_delivery(uuid) to service_role;

create or replace function private.replay_webhook(delivery_id uuid) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
begin
    if auth.uid() is null then
        perform private.fail(401, 'not_signed_in', 'Sign in first.');
    end if;
    return private.send_again(delivery_id, auth.uid());
end
$$;
revoke execute on function private.replay_webhook(uuid) from public;
grant execute on function private.replay_webhook(uuid) to authenticated;

-- Sends a webhook of the caller again, with the id it had.
create or replace function public.replay_webhook(delivery_id uuid) returns jsonb
language sql
set search_path = ''
as $$
    select private.replay_webhook(delivery_id)
$$;
revoke execute on function public.replay_webhook(uuid) from public, anon;
grant execute on function public.replay_webhook(uuid) to authenticated;

insert into private.schema_parts (version, subject)
    values ('20261123100600', 'delivery_claims')
    on conflict (version) do nothing;
