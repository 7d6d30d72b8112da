-- Notes on a session that both its people read. Before: what the student wants to bring, written by the student until it
-- begins. After: what was done and what comes next, written by the mentor from its beginning on.

create or replace function private.write_session_notes(session_id uuid, pre_session_notes text, post_session_notes text)
returns void
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    caller uuid := auth.uid();
    noted public.sessions;
begin
    select s.* into noted from public.sessions as s
        where s.id = write_session_notes.session_id and private.takes_part(s)
        for update;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such session.');
    end if;
    if write_session_notes.pre_session_notes is not null then
        if caller is not null and caller <> noted.student_id then
            perform private.fail(403, 'not_allowed', 'The student writes the notes before a session, the mentor those after it.');
        end if;
        if noted.status <> 'scheduled' or clock_timestamp() >= noted.scheduled_time then
            perform private.fail(409, 'notes_closed', 'Notes before a session are written until it begins.');
        end if;
    end if;
    if write_session_notes.post_session_notes is not null then
        if caller is not null and caller <> noted.mentor_id then
            perform private.fail(403, 'not_allowed', 'The student writes the notes before a session, the mentor those after it.');
        end if;
        if noted.status = 'cancelled' or clock_timestamp() < noted.scheduled_time then
            perform private.fail(409, 'notes_closed', 'Notes after a session are written from its beginning on.');
        end if;
    end if;
    update public.sessions as s
        set pre_session_notes = coalesce(write_session_notes.pre_session_notes, s.pre_session_notes),
            post_session_notes = coalesce(write_session_notes.post_session_notes, s.post_session_notes)
        where s.id = noted.id;
end
$$;
revoke execute on function private.write_session_notes(uuid, text, text) from public;
grant execute on function private.write_session_notes(uuid, text, text) to authenticated, service_role;

-- Writes the notes that are given, keeps the others; an empty text clears. At most 10,000 characters each. Raises not_found,
-- not_allowed, notes_closed, text_too_long.
create or replace function public.write_session_notes(
    session_id uuid,
    pre_session_notes text default null,
    post_session_notes text default null
) returns public.sessions
language plpgsql
set search_path = ''
as $$
declare
    noted public.sessions := private.session_for(write_session_notes.session_id);
begin
    perform private.write_session_notes(noted.id, write_session_notes.pre_session_notes, write_session_notes.post_session_notes);
    return private.session_for(noted.id);
end
$$;
revoke execute on function public.write_session_notes(uuid, text, text) from public, anon;
grant execute on function public.write_session_notes(uuid, text, text) to authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261124100500', 'session_notes')
    on conflict (version) do nothing;
