-- A series is answered as one: approved all or nothing, rejected, withdrawn. Its sessions are cancelled alone, from one on, or all.

create or replace function private.series_for(series_id uuid, side text) returns public.session_series
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
declare
    caller uuid := private.require_caller();
    asked public.session_series;
begin
    select s.* into asked from public.session_series as s where s.id = series_for.series_id;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such series.');
    end if;
    if caller is not null and caller <> (case side when 'mentor' then asked.mentor_id else asked.student_id end) then
        perform private.fail(403, 'not_allowed', 'A mentor approves or rejects, a student withdraws.');
    end if;
    return asked;
end
$$;
revoke execute on function private.series_for(uuid, text) from public;
grant execute on function private.series_for(uuid, text) to authenticated, service_role;

-- Approves what is pending of a series, all or nothing; the places in `skip` are rejected with `skip_reason`. Gives the sessions.
create or replace function public.approve_series(
    series_id uuid, skip integer[] default '{}', skip_reason text default 'This date is left out of the series.'
) returns setof public.sessions
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    asked public.session_series := private.series_for(approve_series.series_id, 'mentor');
    occurrence record;
    answered integer := 0;
begin
    perform private.take_requests(array(
        select r.id from public.session_requests as r where r.series_id = asked.id and r.status = 'pending'
    ));
    for occurrence in
        select r.id, r.series_index from public.session_requests as r
            where r.series_id = asked.id and r.status = 'pending'
            order by r.series_index
    loop
        if occurrence.series_index = any (coalesce(skip, '{}')) then
            perform public.reject_request(occurrence.id, skip_reason);
        else
            return next public.approve_request(occurrence.id);
            answered := answered + 1;
        end if;
    end loop;
    if answered = 0 then
        perform private.fail(409, 'request_not_pending', 'Nothing of this series waits for an answer.');
    end if;
end
$$;

-- Rejects what is pending of a series, with one reason. Gives the requests.
create or replace function public.reject_series(series_id uuid, reason text) returns setof public.session_requests
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    asked public.session_series := private.series_for(reject_series.series_id, 'mentor');
    occurrence record;
begin
    for occurrence in
        select r.id from public.session_requests as r
            where r.series_id = asked.id and r.status = 'pending'
            order by r.series_index
    loop
        return next public.reject_request(occurrence.id, reason);
    end loop;
    if not found then
        perform private.fail(409, 'request_not_pending', 'Nothing of this series waits for an answer.');
    end if;
end
$$;

-- Withdraws what is pending of the caller's series. Gives the requests.
create or replace function public.withdraw_series(series_id uuid) returns setof public.session_requests
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    asked public.session_series := private.series_for(withdraw_series.series_id, 'student');
    occurrence record;
begin
    for occurrence in
        select r.id from public.session_requests as r
            where r.series_id = asked.id and r.status = 'pending'
            order by r.series_index
    loop
        return next public.withdraw_request(occurrence.id);
    end loop;
    if not found then
        perform private.fail(409, 'request_not_pending', 'Nothing of this series waits for an answer.');
    end if;
end
$$;

-- The sessions of the same series that `scope` means: 'this', 'following' (this and later ones) or 'all'; only those to come.
create or replace function private.sessions_in_scope(session_id uuid, scope text) returns setof public.sessions
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
declare
    chosen public.sessions;
    place record;
begin
    if scope is null or scope not in ('this', 'following', 'all') then
        perform private.fail(400, 'bad_scope', 'The scope is this, following or all.');
    end if;
    select s.* into chosen from public.sessions as s where s.id = sessions_in_scope.session_id;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such session.');
    end if;
    select r.series_id, r.series_index into place from public.session_requests as r where r.id = chosen.request_id;
    return query
        select s.* from public.sessions as s
            left join public.session_requests as r on r.id = s.request_id
            where s.status = 'scheduled'
                and (
                    s.id = chosen.id
                    or (scope <> 'this' and r.series_id = place.series_id
                        and (scope = 'all' or r.series_index >= place.series_index))
                )
            order by s.scheduled_time;
end
$$;
revoke execute on function private.sessions_in_scope(uuid, text) from public;
grant execute on function private.sessions_in_scope(uuid, text) to authenticated, service_role;

-- Cancels this session, this and the following ones of its series, or all that are still to come; all or nothing.
create or replace function public.cancel_series_sessions(session_id uuid, scope text, reason text) returns setof public.sessions
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    chosen record;
begin
    perform private.require_caller();
    for chosen in select s.id from private.sessions_in_scope(cancel_series_sessions.session_id, scope) as s loop
        return next public.cancel_session(chosen.id, reason);
    end loop;
    if not found then
        perform private.fail(409, 'bad_transition', 'None of these sessions is still to come.');
    end if;
end
$$;

revoke execute on function
    public.approve_series(uuid, integer[], text),
    public.reject_series(uuid, text),
    public.withdraw_series(uuid),
    public.cancel_series_sessions(uuid, text, text)
    from public, anon;
grant execute on function
    public.approve_series(uuid, integer[], text),
    public.reject_series(uuid, text),
    public.withdraw_series(uuid),
    public.cancel_series_sessions(uuid, text, text)
    to authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261124100950', 'series_answers')
    on conflict (version) do nothing;
