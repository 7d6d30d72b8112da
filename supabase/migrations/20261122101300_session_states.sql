-- What may follow in a session: scheduled -> ongoing -> completed, scheduled | ongoing -> cancelled, and who did not come.
-- Sessions that no request led to (they were here before us) move by the same machine and need no reason.

create or replace function private.check_session_change() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    caller uuid := auth.uid();
    choices private.settings;
begin
    if new.id is distinct from old.id
        or new.request_id is distinct from old.request_id
        or new.created_at is distinct from old.created_at
        or (old.video_room_id is not null and new.video_room_id is distinct from old.video_room_id)
        or (old.request_id is not null and (new.mentor_id, new.student_id, new.created_by, new.mentor_approved, new.mentor_response_at)
            is distinct from (old.mentor_id, old.student_id, old.created_by, old.mentor_approved, old.mentor_response_at))
    then
        perform private.fail(403, 'fixed_field', 'The people, the room and the dates of a session do not change.');
    end if;
    if char_length(new.cancel_reason) > 1000 then
        perform private.fail(400, 'text_too_long', 'A reason has at most 1000 characters.');
    end if;
    if char_length(new.pre_session_notes) > 10000 or char_length(new.post_session_notes) > 10000 then
        perform private.fail(400, 'text_too_long', 'Notes have at most 10000 characters.');
    end if;
    if new.status is not distinct from old.status then
        if old.status in ('cancelled', 'completed') and new.scheduled_time is distinct from old.scheduled_time then
            perform private.fail(409, 'bad_transition', 'A session that is over can not be moved.');
        end if;
        if new.cancel_reason is distinct from old.cancel_reason then
            perform private.fail(409, 'bad_transition', 'A reason belongs to a cancellation, and is given with it.');
        end if;
        return new;
    end if;

    if old.status is null or old.status not in ('scheduled', 'ongoing', 'completed', 'cancelled') then
        return new;  -- a state of the project's own, from before
    end if;
    choices := private.the_settings();
    case old.status || ' ' || new.status
        when 'scheduled ongoing' then
            if caller is not null and clock_timestamp() < old.scheduled_time - choices.room_opens_before then
                perform private.fail(409, 'too_early', 'The session can not start yet.');
            end if;
        when 'ongoing completed' then
            if caller is not null and clock_timestamp() < old.scheduled_time then
                perform private.fail(409, 'too_early', 'The session has not begun yet.');
            end if;
        when 'scheduled cancelled', 'ongoing cancelled' then
            if old.request_id is not null and not private.has_visible_text(new.cancel_reason) then
                perform private.fail(400, 'reason_required', 'Tell the other person why.');
            end if;
            new.cancelled_by := coalesce(caller, new.cancelled_by);
        else
            perform private.fail(409, 'bad_transition', 'A session goes from scheduled to ongoing to completed, or is cancelled before it is completed.');
    end case;
    return new;
end
$$;
revoke execute on function private.check_session_change() from public;

create or replace trigger check_session_change
    before update on public.sessions
    for each row execute function private.check_session_change();

create or replace function private.record_session() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    caller uuid := auth.uid();
    person uuid;
    payload jsonb;
begin
    if tg_op = 'INSERT' then
        perform private.log_event(new.request_id, new.id, 'session_scheduled', jsonb_build_object('scheduled_time', new.scheduled_time));
        return null;
    end if;
    if new.status is distinct from old.status then
        perform private.log_event(new.request_id, new.id, 'session_' || case new.status when 'ongoing' then 'started' else new.status end,
            case when new.status = 'cancelled' then jsonb_build_object('reason', new.cancel_reason) else '{}'::jsonb end);
    end if;
    if new.scheduled_time is distinct from old.scheduled_time or new.duration is distinct from old.duration then
        perform private.log_event(new.request_id, new.id, 'session_rescheduled',
            jsonb_build_object('from', old.scheduled_time, 'to', new.scheduled_time));
    end if;
    if new.no_show is distinct from old.no_show then
        perform private.log_event(new.request_id, new.id, 'session_no_show', jsonb_build_object('side', new.no_show));
    end if;

    payload := private.session_payload(new);
    for person in
        select p from unnest(array[new.mentor_id, new.student_id]) as p where p is distinct from caller
    loop
        if new.status = 'cancelled' and old.status is distinct from 'cancelled' then
            perform private.notify(person, 'session_cancelled', new.request_id, new.id,
                payload || jsonb_build_object('cancel_reason', new.cancel_reason, 'cancelled_by', new.cancelled_by));
        end if;
        if new.scheduled_time is distinct from old.scheduled_time then
            perform private.notify(person, 'session_rescheduled', new.request_id, new.id,
                payload || jsonb_build_object('previous_time', old.scheduled_time),
                clock_timestamp()::text);
        end if;
    end loop;
    return null;
end
$$;
revoke execute on function private.record_session() from public;

create or replace trigger record_new_session
    after insert on public.sessions
    for each row execute function private.record_session();
create or replace trigger record_session
    after update on public.sessions
    for each row
    when ((new.status, new.scheduled_time, new.duration, new.no_show)
        is distinct from (old.status, old.scheduled_time, old.duration, old.no_show))
    execute function private.record_session();

insert into private.schema_parts (version, subject)
    values ('20261122101300', 'session_states')
    on conflict (version) do nothing;
