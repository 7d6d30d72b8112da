-- What may be asked, and what may follow: pending -> approved | rejected | expired | cancelled. The same rules for every
-- path, because they are triggers: a plain insert or update through the API, the functions, timed work, the SQL editor.

create or replace function private.check_new_request() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    caller uuid := auth.uid();
    choices private.settings := private.the_settings();
begin
    if caller is distinct from new.student_id and caller is not null then
        return new;  -- not his to ask for: the policy refuses it, and nothing is told about the student before
    end if;
    if new.student_id = new.mentor_id then
        perform private.fail(400, 'self_request', 'Nobody can request a session from himself.');
    end if;
    if not private.has_visible_text(new.title) then
        perform private.fail(400, 'title_required', 'Give the session a title.');
    end if;
    if char_length(new.title) > 200 then
        perform private.fail(400, 'text_too_long', 'A title has at most 200 characters.');
    end if;
    if char_length(new.description) > 2000 then
        perform private.fail(400, 'text_too_long', 'A description has at most 2000 characters.');
    end if;
    if new.duration is null or new.duration not in (30, 60, 90, 120) then
        perform private.fail(400, 'bad_duration', 'A session takes 30, 60, 90 or 120 minutes.');
    end if;
    if new.requested_time is null or not isfinite(new.requested_time)
        or date_trunc('minute', new.requested_time) <> new.requested_time
    then
        perform private.fail(400, 'time_not_on_minute', 'A session starts at a full minute.');
    end if;
    if new.requested_time <= clock_timestamp() then
        perform private.fail(400, 'time_in_past', 'A session must lie in the future.');
    end if;
    if not exists (select from public.profiles as p where p.id = new.mentor_id and p.is_mentor) then
        perform private.fail(400, 'not_a_mentor', 'This person does not teach.');
    end if;
    if not exists (select from public.subjects as s where s.id = new.subject_id) then
        perform private.fail(400, 'unknown_subject', 'There is no such subject.');
    end if;
    if new.status is distinct from 'pending' then
        perform private.fail(403, 'not_allowed', 'A request starts as pending.');
    end if;
    if char_length(new.idempotency_key) not between 1 and 200 then
        perform private.fail(400, 'text_too_long', 'An idempotency key has 1 to 200 characters.');
    end if;

    new.created_at := clock_timestamp();
    new.updated_at := new.created_at;
    new.end_time := new.requested_time + make_interval(mins => new.duration);
    new.expires_at := least(new.requested_time, new.created_at + choices.request_ttl);
    new.responded_at := null;
    new.video_room_id := null;
    new.rejection_reason := null;
    new.rejection_code := null;

    perform private.lock_requests_of(new.student_id);
    -- a series is asked, answered and counted as one
    if (
        select count(distinct coalesce(r.series_id, r.id)) from public.session_requests as r
            where r.student_id = new.student_id
                and r.mentor_id = new.mentor_id
                and r.status = 'pending'
                and r.expires_at > clock_timestamp()
                and r.series_id is distinct from coalesce(new.series_id, r.id)
    ) >= choices.max_open_requests then
        perform private.fail(429, 'too_many_open_requests', 'This mentor already has your open requests to answer first.');
    end if;
    perform private.refuse_unbookable(
        'request', new.mentor_id, new.student_id, new.requested_time, new.end_time, null, new.id
    );
    return new;
end
$$;
revoke execute on function private.check_new_request() from public;

-- One student's requests are counted one after the other, or a burst of them would pass the limit together.
create or replace function private.lock_requests_of(student_id uuid) returns void
language sql
set search_path = ''
as $$
    select pg_advisory_xact_lock(hashtextextended('mentorkit requests of ' || student_id::text, 0))
$$;
revoke execute on function private.lock_requests_of(uuid) from public;
grant execute on function private.lock_requests_of(uuid) to authenticated, service_role;

create or replace trigger check_new_request
    before insert on public.session_requests
    for each row execute function private.check_new_request();

-- Fires whenever `status` is written, even with the value it has: answering twice is an error, not a no-op.
-- Its name sorts before trigger_auto_generate_room_id, so no room name is spent on an answer that is refused.
create or replace function private.check_answer() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    caller uuid := auth.uid();
begin
    if old.status <> 'pending' then
        perform private.fail(409, 'request_not_pending', 'This request has been answered or withdrawn already.');
    end if;
    if new.status = 'pending' then
        return new;
    end if;
    if caller is not null
        -- only the database itself can write rejection_code: it declines for both people when their time is given away
        and new.rejection_code is distinct from 'slot_taken'
        and (
            case new.status
                when 'approved' then caller <> old.mentor_id
                when 'rejected' then caller <> old.mentor_id
                when 'cancelled' then caller <> old.student_id
                else true
            end
        )
    then
        perform private.fail(403, 'not_allowed', 'A mentor approves or rejects, a student withdraws.');
    end if;

    new.responded_at := clock_timestamp();
    case new.status
        when 'approved' then
            perform private.lock_people(array[new.mentor_id, new.student_id]);
            if old.expires_at <= clock_timestamp() then
                perform private.fail(409, 'request_lapsed', 'The time to answer this request is over.');
            end if;
            -- whether the time is free is asked when the session takes it, in this transaction
            new.rejection_reason := null;
        when 'rejected' then
            if not private.has_visible_text(new.rejection_reason) then
                perform private.fail(400, 'reason_required', 'Tell the student why.');
            end if;
            if char_length(new.rejection_reason) > 1000 then
                perform private.fail(400, 'text_too_long', 'A reason has at most 1000 characters.');
            end if;
            new.rejection_code := coalesce(new.rejection_code, 'mentor');
        when 'expired', 'cancelled' then
            new.rejection_reason := null;
        else
            perform private.fail(409, 'bad_transition', 'A pending request is approved, rejected, expired or withdrawn.');
    end case;
    return new;
end
$$;
revoke execute on function private.check_answer() from public;

create or replace trigger check_answer
    before update of status on public.session_requests
    for each row execute function private.check_answer();

-- A request can be answered; everything else in it stays as it was asked, for everybody.
create or replace function private.allow_answer_only() returns trigger
language plpgsql
set search_path = ''
as $$
declare
    answer text[] := array['status', 'rejection_reason', 'rejection_code', 'updated_at'];
    link text;
begin
    -- what a request came from may be deleted, and the foreign key then empties the link
    foreach link in array array['template_id', 'series_id'] loop
        if to_jsonb(new) ->> link is null then
            answer := answer || link;
        end if;
    end loop;
    if to_jsonb(new) - answer is distinct from to_jsonb(old) - answer then
        perform private.fail(403, 'fixed_field', 'Only the status and the reason of a request can change.');
    end if;
    if new.status = old.status
        and (new.rejection_reason, new.rejection_code) is distinct from (old.rejection_reason, old.rejection_code)
    then
        if old.status = 'pending' then
            perform private.fail(409, 'bad_transition', 'A reason belongs to a rejection.');
        end if;
        perform private.fail(409, 'request_not_pending', 'This request has been answered or withdrawn already.');
    end if;
    return new;
end
$$;
revoke execute on function private.allow_answer_only() from public;

create or replace trigger allow_answer_only
    before update on public.session_requests
    for each row execute function private.allow_answer_only();

-- Tells the other side. Approval is told where the session is made, because the notice names it.
create or replace function private.record_request() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    payload jsonb := private.request_payload(new);
begin
    if tg_op = 'INSERT' then
        perform private.log_event(new.id, null, 'request_created');
        perform private.notify(new.mentor_id, 'request_created', new.id, null, payload);
        return null;
    end if;
    case new.status
        when 'rejected' then
            payload := payload || jsonb_build_object(
                'rejection_reason', new.rejection_reason, 'rejection_code', new.rejection_code
            );
            perform private.log_event(new.id, null, 'request_rejected', jsonb_build_object('code', new.rejection_code));
            perform private.notify(new.student_id, 'request_rejected', new.id, null, payload);
        when 'expired' then
            perform private.log_event(new.id, null, 'request_expired');
            perform private.notify(new.student_id, 'request_expired', new.id, null, payload);
            perform private.notify(new.mentor_id, 'request_expired', new.id, null, payload);
        when 'cancelled' then
            perform private.log_event(new.id, null, 'request_withdrawn');
            perform private.notify(new.mentor_id, 'request_withdrawn', new.id, null, payload);
        else
            null;
    end case;
    return null;
end
$$;
revoke execute on function private.record_request() from public;

create or replace trigger record_new_request
    after insert on public.session_requests
    for each row execute function private.record_request();
create or replace trigger record_request
    after update on public.session_requests
    for each row
    when (new.status is distinct from old.status)
    execute function private.record_request();

insert into private.schema_parts (version, subject)
    values ('20261122101100', 'request_states')
    on conflict (version) do nothing;
