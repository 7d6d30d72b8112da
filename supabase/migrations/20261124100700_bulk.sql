-- Many answers in one call: each item is done or refused for itself, the results come in the order of the ids. With an
-- idempotency key the call is done once; calling again with the same key gives the first answer again.

create table if not exists private.bulk_answers (
    caller_id uuid not null,
    idempotency_key text not null
        constraint bulk_answers_key_bounded check (char_length(idempotency_key) between 1 and 200),
    asked jsonb not null,
    results jsonb not null,
    created_at timestamptz not null default now(),
    primary key (caller_id, idempotency_key)
);
alter table private.bulk_answers enable row level security;
revoke all on private.bulk_answers from public, anon, authenticated, service_role;

-- The earlier answer under this key, if there is one; serializes calls with one key.
create or replace function private.earlier_bulk_answer(idempotency_key text, asked jsonb) returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    caller uuid := coalesce(auth.uid(), '00000000-0000-0000-0000-000000000000');
    earlier private.bulk_answers;
begin
    perform pg_advisory_xact_lock(hashtextextended('mentorkit bulk ' || caller::text || ' ' || idempotency_key, 0));
    select b.* into earlier from private.bulk_answers as b
        where b.caller_id = caller and b.idempotency_key = earlier_bulk_answer.idempotency_key;
    if found and earlier.asked <> earlier_bulk_answer.asked then
        perform private.fail(409, 'key_reused', 'This idempotency key belongs to another call.');
    end if;
    return earlier.results;
end
$$;
revoke execute on function private.earlier_bulk_answer(text, jsonb) from public;

create or replace function private.keep_bulk_answer(idempotency_key text, asked jsonb, results jsonb) returns void
language sql
security definer
set search_path = ''
as $$
    insert into private.bulk_answers (caller_id, idempotency_key, asked, results)
        values (coalesce(auth.uid(), '00000000-0000-0000-0000-000000000000'), idempotency_key, asked, results)
$$;
revoke execute on function private.keep_bulk_answer(text, jsonb, jsonb) from public;
grant execute on function
    private.earlier_bulk_answer(text, jsonb),
    private.keep_bulk_answer(text, jsonb, jsonb)
    to authenticated, service_role;

-- One item, in a subtransaction of its own, so that its refusal undoes nothing else.
create or replace function private.answer_one(request_id uuid, answer text, reason text) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
    refusal text;
    made public.sessions;
begin
    if answer = 'approve' then
        made := public.approve_request(request_id);
        return jsonb_build_object('request_id', request_id, 'ok', true, 'session', to_jsonb(made));
    end if;
    perform public.reject_request(request_id, reason);
    return jsonb_build_object('request_id', request_id, 'ok', true);
exception
    when sqlstate 'PGRST' then
        get stacked diagnostics refusal = message_text;
        return jsonb_build_object(
            'request_id', request_id, 'ok', false,
            'code', refusal::jsonb ->> 'code', 'message', refusal::jsonb ->> 'message'
        );
end
$$;
revoke execute on function private.answer_one(uuid, text, text) from public;
grant execute on function private.answer_one(uuid, text, text) to authenticated, service_role;

create or replace function private.answer_many(request_ids uuid[], answer text, reason text, idempotency_key text) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
    asked jsonb := jsonb_build_object('answer', answer, 'reason', reason, 'request_ids', to_jsonb(request_ids));
    results jsonb := jsonb_build_array();
    request_id uuid;
begin
    perform private.require_caller();
    if request_ids is null or cardinality(request_ids) not between 1 and 200 then
        perform private.fail(400, 'bad_bulk', 'Name 1 to 200 requests.');
    end if;
    if char_length(idempotency_key) not between 1 and 200 then
        perform private.fail(400, 'text_too_long', 'An idempotency key has 1 to 200 characters.');
    end if;
    if idempotency_key is not null then
        results := coalesce(private.earlier_bulk_answer(idempotency_key, asked), '[]');
        if results <> '[]' then
            return results;
        end if;
    end if;
    perform private.take_requests(request_ids);
    foreach request_id in array request_ids loop
        results := results || private.answer_one(request_id, answer, reason);
    end loop;
    if idempotency_key is not null then
        perform private.keep_bulk_answer(idempotency_key, asked, results);
    end if;
    return results;
end
$$;
revoke execute on function private.answer_many(uuid[], text, text, text) from public;
grant execute on function private.answer_many(uuid[], text, text, text) to authenticated, service_role;

-- Approves each request in turn; an earlier one may take the time of a later one. Gives a list of
-- {request_id, ok, session} or {request_id, ok, code, message}, in the order of the ids; 200 at most.
create or replace function public.approve_requests(request_ids uuid[], idempotency_key text default null) returns jsonb
language sql
set search_path = ''
as $$
    select private.answer_many(request_ids, 'approve', null, idempotency_key)
$$;

-- Rejects each request with the same reason. The answer is that of approve_requests, without sessions.
create or replace function public.reject_requests(request_ids uuid[], reason text, idempotency_key text default null) returns jsonb
language sql
set search_path = ''
as $$
    select private.answer_many(request_ids, 'reject', reason, idempotency_key)
$$;

revoke execute on function
    public.approve_requests(uuid[], text),
    public.reject_requests(uuid[], text, text)
    from public, anon;
grant execute on function
    public.approve_requests(uuid[], text),
    public.reject_requests(uuid[], text, text)
    to authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261124100700', 'bulk')
    on conflict (version) do nothing;
