-- What came of deliveries: workers close or put back what they hold, dead letters are seen and revived, webhooks replayed.

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
    values ('20261123100650', 'delivery_results')
    on conflict (version) do nothing;
