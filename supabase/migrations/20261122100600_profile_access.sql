-- Who sees and changes profiles: a visitor sees mentors; a member sees mentors, himself and the people he has a request
-- or session with. What a person may say about himself is granted by column; ratings and counts are the database's.

alter table public.profiles enable row level security;

select private.take_over(
    'public.profiles',
    'id', 'name', 'bio', 'is_mentor', 'rating', 'rating_count', 'total_sessions_taught', 'time_zone', 'created_at', 'updated_at'
)
    where not exists (select from private.schema_parts where version = '20261122100600');

grant select (id, name, bio, is_mentor, rating, rating_count, total_sessions_taught, time_zone, created_at, updated_at)
    on public.profiles to anon, authenticated;
grant update (name, bio, is_mentor, time_zone) on public.profiles to authenticated;
grant select, insert, update, delete on public.profiles to service_role;

drop policy if exists "Visitors see mentors" on public.profiles;
create policy "Visitors see mentors" on public.profiles
    for select to anon
    using (is_mentor);
drop policy if exists "Members see mentors and people they meet" on public.profiles;
create policy "Members see mentors and people they meet" on public.profiles
    for select to authenticated
    using (
        is_mentor
        or id = (select auth.uid())
        or exists (
            select from public.session_requests as r
                where (r.student_id = profiles.id and r.mentor_id = (select auth.uid()))
                    or (r.mentor_id = profiles.id and r.student_id = (select auth.uid()))
        )
        or exists (
            select from public.sessions as s
                where (s.student_id = profiles.id and s.mentor_id = (select auth.uid()))
                    or (s.mentor_id = profiles.id and s.student_id = (select auth.uid()))
        )
    );
drop policy if exists "Members update themselves" on public.profiles;
create policy "Members update themselves" on public.profiles
    for update to authenticated
    using (id = (select auth.uid()))
    with check (id = (select auth.uid()));

insert into private.schema_parts (version, subject)
    values ('20261122100600', 'profile_access')
    on conflict (version) do nothing;
