-- Who teaches what, and the list a visitor picks from.

create table if not exists public.mentor_subjects (
    mentor_id uuid not null references public.profiles (id) on delete cascade,
    subject_id uuid not null references public.subjects (id) on delete cascade,
    primary key (mentor_id, subject_id)
);
create index if not exists mentor_subjects_subject_id on public.mentor_subjects (subject_id);

alter table public.mentor_subjects enable row level security;
revoke all on public.mentor_subjects from public, anon, authenticated;
grant select on public.mentor_subjects to anon, authenticated;
grant insert, delete on public.mentor_subjects to authenticated;
grant select, insert, update, delete on public.mentor_subjects to service_role;

drop policy if exists "Anyone can see what is taught" on public.mentor_subjects;
create policy "Anyone can see what is taught" on public.mentor_subjects
    for select to anon, authenticated
    using (true);
drop policy if exists "Mentors choose their subjects" on public.mentor_subjects;
create policy "Mentors choose their subjects" on public.mentor_subjects
    for insert to authenticated
    with check (
        mentor_id = (select auth.uid())
        and exists (select from public.profiles as p where p.id = mentor_id and p.is_mentor)
    );
drop policy if exists "Mentors drop their subjects" on public.mentor_subjects;
create policy "Mentors drop their subjects" on public.mentor_subjects
    for delete to authenticated
    using (mentor_id = (select auth.uid()));

-- Security invoker: the reader's own rights decide, and every column of it is one a visitor may see.
create or replace view public.mentors
    with (security_invoker = true)
    as
    select
        p.id,
        p.name,
        p.bio,
        p.rating,
        p.rating_count,
        p.total_sessions_taught,
        p.time_zone,
        coalesce(
            (
                select jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name) order by s.name)
                    from public.mentor_subjects as m
                    join public.subjects as s on s.id = m.subject_id
                    where m.mentor_id = p.id
            ),
            '[]'::jsonb
        ) as subjects
    from public.profiles as p
    where p.is_mentor;
revoke all on public.mentors from public, anon, authenticated, service_role;
grant select on public.mentors to anon, authenticated, service_role;

insert into private.schema_parts (version, subject)
    values ('20261122100300', 'mentors')
    on conflict (version) do nothing;
