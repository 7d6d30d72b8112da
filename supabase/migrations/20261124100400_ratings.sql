-- After a session that took place, each of its two people rates the other, once, while the window is open. What comes of it
-- stands in the profile: the average, how many there are, and how many sessions a mentor has taught.

create table if not exists public.session_ratings (
    session_id uuid not null references public.sessions (id) on delete cascade,
    rater_id uuid not null default auth.uid() references public.profiles (id) on delete cascade,
    rated_id uuid not null references public.profiles (id) on delete cascade,
    rating integer not null constraint session_ratings_one_to_five check (rating between 1 and 5),
    comment text constraint session_ratings_comment_bounded check (char_length(comment) <= 2000),
    created_at timestamptz not null default clock_timestamp(),
    primary key (session_id, rater_id),
    constraint session_ratings_of_the_other check (rater_id <> rated_id)
);
create index if not exists session_ratings_rated on public.session_ratings (rated_id);
create index if not exists session_ratings_rater on public.session_ratings (rater_id);

create or replace function private.check_rating() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    caller uuid := auth.uid();
    rated public.sessions;
begin
    if caller is not null and caller <> new.rater_id then
        return new;  -- the policy refuses it, and nothing is told about the session before
    end if;
    select s.* into rated from public.sessions as s
        where s.id = new.session_id and new.rater_id in (s.mentor_id, s.student_id);
    if not found then
        perform private.fail(404, 'not_found', 'There is no such session.');
    end if;
    if new.rating is null or new.rating not between 1 and 5 then
        perform private.fail(400, 'bad_rating', 'A rating is 1, 2, 3, 4 or 5.');
    end if;
    if char_length(new.comment) > 2000 then
        perform private.fail(400, 'text_too_long', 'A comment has at most 2000 characters.');
    end if;
    if rated.status <> 'completed' or rated.no_show is not null then
        perform private.fail(409, 'not_rateable', 'Only a session that took place can be rated.');
    end if;
    if clock_timestamp() >= coalesce(
        rated.rating_closes_at, rated.end_time + (private.the_settings()).rating_window
    ) then
        perform private.fail(409, 'rating_closed', 'The time to rate this session is over.');
    end if;
    if exists (
        select from public.session_ratings as r where r.session_id = new.session_id and r.rater_id = new.rater_id
    ) then
        perform private.fail(409, 'already_rated', 'You have rated this session already.');
    end if;
    new.rated_id := case new.rater_id when rated.mentor_id then rated.student_id else rated.mentor_id end;
    new.created_at := clock_timestamp();
    return new;
end
$$;
revoke execute on function private.check_rating() from public;
create or replace trigger check_rating
    before insert on public.session_ratings
    for each row execute function private.check_rating();

-- The profile is locked first: the average is then taken over every rating that has been given, however many come at once.
create or replace function private.roll_up_rating() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    person uuid := case tg_op when 'DELETE' then old.rated_id else new.rated_id end;
begin
    perform from public.profiles as p where p.id = person for no key update;
    update public.profiles as p
        set (rating, rating_count) = (
            select round(avg(r.rating), 2), count(*) from public.session_ratings as r where r.rated_id = person
        )
        where p.id = person;
    if tg_op = 'INSERT' then
        perform private.log_event(null, new.session_id, 'session_rated', jsonb_build_object('rating', new.rating));
        perform private.notify(new.rated_id, 'session_rated', null, new.session_id,
            jsonb_build_object('rating', new.rating, 'comment', new.comment), new.rater_id::text);
    end if;
    return null;
end
$$;
revoke execute on function private.roll_up_rating() from public;
create or replace trigger roll_up_rating
    after insert or delete on public.session_ratings
    for each row execute function private.roll_up_rating();

-- Counted when it is completed, one session one step, so that counts a project brought along are kept.
create or replace function private.count_taught() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.profiles as p
        set total_sessions_taught = p.total_sessions_taught + 1
        where p.id = new.mentor_id;
    return null;
end
$$;
revoke execute on function private.count_taught() from public;
create or replace trigger count_taught
    after update of status on public.sessions
    for each row when (new.status = 'completed' and old.status <> 'completed' and new.no_show is null)
    execute function private.count_taught();

alter table public.session_ratings enable row level security;
revoke all on public.session_ratings from public, anon, authenticated;
grant select on public.session_ratings to authenticated;
grant insert (session_id, rater_id, rating, comment) on public.session_ratings to authenticated;
grant select, insert, delete on public.session_ratings to service_role;
drop policy if exists "Both people see the ratings of their session" on public.session_ratings;
create policy "Both people see the ratings of their session" on public.session_ratings
    for select to authenticated
    using ((select auth.uid()) in (rater_id, rated_id));
drop policy if exists "People rate their sessions" on public.session_ratings;
create policy "People rate their sessions" on public.session_ratings
    for insert to authenticated
    with check ((select auth.uid()) = rater_id);

-- Rates the other person of a completed session. Raises not_found, bad_rating, not_rateable, rating_closed, already_rated.
create or replace function public.rate_session(session_id uuid, rating integer, comment text default null)
returns public.session_ratings
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
    caller uuid := private.require_caller();
    given public.session_ratings;
begin
    if rate_session.rating is null or rate_session.rating not between 1 and 5 then
        perform private.fail(400, 'bad_rating', 'A rating is 1, 2, 3, 4 or 5.');
    end if;
    insert into public.session_ratings as r (session_id, rater_id, rating, comment)
        values (rate_session.session_id, caller, rate_session.rating, rate_session.comment)
        returning r.* into given;
    return given;
exception
    when unique_violation then
        perform private.fail(409, 'already_rated', 'You have rated this session already.');
        return null;
end
$$;
revoke execute on function public.rate_session(uuid, integer, text) from public, anon;
grant execute on function public.rate_session(uuid, integer, text) to authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261124100400', 'ratings')
    on conflict (version) do nothing;
