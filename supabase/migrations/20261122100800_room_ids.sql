-- The name of a video room: room- and eight characters of a-z and 0-9. A name, not a secret: whoever joins must be one of
-- the two people (room access).

-- Eight characters from the system's secure random source. 252 is the largest multiple of 36 that a byte can hold; bytes
-- from there on are thrown away, or the first letters would come up more often than the rest.
create or replace function private.random_room_id() returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
    alphabet constant text := 'abcdefghijklmnopqrstuvwxyz0123456789';
    room_id text := 'room-';
    random_bytes bytea;
    value integer;
begin
    while length(room_id) < 13 loop
        random_bytes := extensions.gen_random_bytes(16);
        for position in 0..15 loop
            value := get_byte(random_bytes, position);
            if value < 252 then
                room_id := room_id || substr(alphabet, value % 36 + 1, 1);
                exit when length(room_id) = 13;
            end if;
        end loop;
    end loop;
    return room_id;
end
$$;
revoke execute on function private.random_room_id() from public;

-- A name that no request and no session has, and that no other transaction is about to take.
create or replace function private.free_room_id() returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    candidate text;
begin
    for attempt in 1..20 loop
        candidate := private.random_room_id();
        if pg_try_advisory_xact_lock(hashtextextended('mentorkit ' || candidate, 0))
            and not exists (select from public.session_requests as r where r.video_room_id = candidate)
            and not exists (select from public.sessions as s where s.video_room_id = candidate)
        then
            return candidate;
        end if;
    end loop;
    perform private.fail(503, 'no_free_room', 'No free room name was found. Please try again.');
    return null;
end
$$;
revoke execute on function private.free_room_id() from public;
grant execute on function private.free_room_id() to authenticated, service_role;

create or replace function public.generate_video_room_id() returns text
language sql
volatile
set search_path = ''
as $$
    select private.free_room_id()
$$;
revoke execute on function public.generate_video_room_id() from public, anon;
grant execute on function public.generate_video_room_id() to authenticated, service_role;

create or replace function public.auto_generate_room_id() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.video_room_id := public.generate_video_room_id();
    return new;
end
$$;
revoke execute on function public.auto_generate_room_id() from public, anon, authenticated;

create or replace trigger trigger_auto_generate_room_id
    before update on public.session_requests
    for each row
    when (new.status = 'approved' and old.status is distinct from 'approved')
    execute function public.auto_generate_room_id();

insert into private.schema_parts (version, subject)
    values ('20261122100800', 'room_ids')
    on conflict (version) do nothing;
