-- Approving a request, in the transaction that sets its status: the session with the room and all details, the student
-- told, and both people's other pending requests for the same time declined.

-- Makes the session of an approved request, once. Safe for anybody to call: without an approved request it does nothing.
create or replace function private.open_session(approved_id uuid) returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    request public.session_requests;
    made public.sessions;
begin
    select * into request from public.session_requests as r where r.id = approved_id and r.status = 'approved';
    if not found or exists (select from public.sessions as s where s.request_id = approved_id) then
        return;
    end if;
    insert into public.sessions (
            request_id, mentor_id, student_id, subject_id, title, description, scheduled_time, duration, end_time,
            status, video_room_id, mentor_approved, mentor_response_at, created_by
        )
        values (
            request.id, request.mentor_id, request.student_id, request.subject_id, request.title, request.description,
            request.requested_time, request.duration, request.end_time,
            'scheduled', request.video_room_id, true, request.responded_at, request.mentor_id
        )
        returning * into made;
    perform private.log_event(request.id, made.id, 'request_approved');
    perform private.notify(
        request.student_id, 'request_approved', request.id, made.id,
        private.request_payload(request) || jsonb_build_object('video_room_id', made.video_room_id)
    );
    perform private.decline_colliding(made);
exception
    when unique_violation or exclusion_violation or deadlock_detected or serialization_failure then
        perform private.fail(409, 'slot_taken', 'This time is not free any more.');
end
$$;
revoke execute on function private.open_session(uuid) from public;
grant execute on function private.open_session(uuid) to authenticated, service_role;

-- Declines what can not be approved any more, now that the session has its time. A request that somebody else is
-- answering at this moment is left alone rather than waited for (it would wait for us); what remains pending then is
-- swept up by timed work and can not be approved in the meantime.
create or replace function private.decline_colliding(session public.sessions) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.session_requests as r
        set status = 'rejected',
            rejection_code = 'slot_taken',
            rejection_reason = 'This time has been given to another session.'
        where r.id in (
            select c.id from public.session_requests as c
                where c.status = 'pending'
                    and (
                        (
                            (c.mentor_id = session.mentor_id or c.student_id = session.mentor_id)
                            and c.requested_time < session.end_time + make_interval(mins => session.buffer_after)
                            and c.end_time > session.scheduled_time - make_interval(mins => session.buffer_before)
                        )
                        or (
                            (c.mentor_id = session.student_id or c.student_id = session.student_id)
                            and c.requested_time < session.end_time
                            and c.end_time > session.scheduled_time
                        )
                    )
                order by c.id
                for update skip locked
        );
end
$$;
revoke execute on function private.decline_colliding(public.sessions) from public;

create or replace function public.create_session_from_request() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    perform private.open_session(new.id);
    return null;
end
$$;
revoke execute on function public.create_session_from_request() from public, anon, authenticated;

create or replace trigger trigger_create_session_from_request
    after update on public.session_requests
    for each row
    when (new.status = 'approved' and old.status is distinct from 'approved')
    execute function public.create_session_from_request();

insert into private.schema_parts (version, subject)
    values ('20261122101200', 'approval')
    on conflict (version) do nothing;
