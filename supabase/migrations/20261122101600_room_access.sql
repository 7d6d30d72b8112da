-- One question for the signaling server, asked as the person who wants in: may he, as whom, from when to when.

create or replace function private.room_access(room_id text) returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    caller uuid := auth.uid();
    choices private.settings := private.the_settings();
    agreed public.sessions;
    opens timestamptz;
    closes timestamptz;
    refusal text;
begin
    select s.* into agreed from public.sessions as s where s.video_room_id = room_access.room_id;
    if not found then
        refusal := 'unknown_room';
    elsif caller is null or caller not in (agreed.mentor_id, agreed.student_id) then
        refusal := 'not_a_participant';
    end if;
    if refusal is not null then
        -- nothing about a room that is not the caller's
        return jsonb_build_object(
            'room_id', room_access.room_id, 'session_id', null, 'user_id', caller, 'name', null, 'role', null,
            'opens_at', null, 'closes_at', null, 'session_status', null, 'may_join', false, 'code', refusal
        );
    end if;

    opens := agreed.scheduled_time - choices.room_opens_before;
    closes := agreed.end_time + choices.room_closes_after;
    refusal := case
        when agreed.status in ('completed', 'cancelled') or clock_timestamp() >= closes then 'session_over'
        when clock_timestamp() < opens and agreed.status = 'scheduled' then 'too_early'
    end;
    return jsonb_build_object(
        'room_id', agreed.video_room_id,
        'session_id', agreed.id,
        'user_id', caller,
        'name', (select p.name from public.profiles as p where p.id = caller),
        'role', case caller when agreed.mentor_id then 'mentor' else 'student' end,
        'opens_at', opens,
        'closes_at', closes,
        'session_status', agreed.status,
        'may_join', refusal is null,
        'code', refusal
    );
end
$$;
revoke execute on function private.room_access(text) from public;
grant execute on function private.room_access(text) to authenticated, service_role;

create or replace function public.room_access(room_id text) returns jsonb
language sql
stable
set search_path = ''
as $$
    select private.room_access(room_id)
$$;

-- Notes that the caller is in the room; timed work reads from it who did not come. The first arrival counts.
create or replace function private.record_arrival(room_id text) returns void
language sql
security definer
set search_path = ''
as $$
    update public.sessions as s
        set mentor_joined_at = case when s.mentor_id = auth.uid() then clock_timestamp() else s.mentor_joined_at end,
            student_joined_at = case when s.student_id = auth.uid() then clock_timestamp() else s.student_joined_at end
        where s.video_room_id = record_arrival.room_id
            and ((s.mentor_id = auth.uid() and s.mentor_joined_at is null)
                or (s.student_id = auth.uid() and s.student_joined_at is null))
            and (private.room_access(record_arrival.room_id) -> 'may_join')::boolean
$$;
revoke execute on function private.record_arrival(text) from public;
grant execute on function private.record_arrival(text) to authenticated, service_role;

create or replace function public.record_arrival(room_id text) returns void
language sql
set search_path = ''
as $$
    select private.record_arrival(room_id)
$$;

revoke execute on function public.room_access(text), public.record_arrival(text) from public, anon;
grant execute on function public.room_access(text), public.record_arrival(text) to authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261122101600', 'room_access')
    on conflict (version) do nothing;
