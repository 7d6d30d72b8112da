-- A project with tables of the same names that mean something near: other columns, other words, policies of its own.
create table public.subjects (
    id uuid primary key default gen_random_uuid(),
    title text not null,
    slug text not null unique
);
create table public.profiles (
    id uuid primary key references auth.users (id) on delete cascade,
    display_name text not null,
    role text not null default 'member',
    created_at timestamp not null default now()
);
create table public.sessions (
    id uuid primary key default gen_random_uuid(),
    teacher_id uuid not null references public.profiles (id),
    learner_id uuid not null references public.profiles (id),
    starts_at timestamptz not null,
    status text not null default 'booked',
    created_at timestamptz not null default now()
);
alter table public.sessions enable row level security;
grant all on public.subjects, public.profiles, public.sessions to anon, authenticated, service_role;
create policy "learners see" on public.sessions for select to authenticated using (learner_id = (select auth.uid()));
create policy "teachers all" on public.sessions for all to authenticated using (teacher_id = (select auth.uid()));
create view public.timetable as select id, starts_at, status from public.sessions;

insert into auth.users (id, email)
    values ('00000000-0000-4000-8000-000000000001', 'one@example.test'), ('00000000-0000-4000-8000-000000000002', 'two@example.test');
insert into public.subjects (title, slug) values ('Chemistry', 'chemistry'), ('Physics', 'physics');
insert into public.profiles (id, display_name)
    values ('00000000-0000-4000-8000-000000000001', 'Terry Teacher'), ('00000000-0000-4000-8000-000000000002', 'Lee Learner');
insert into public.sessions (teacher_id, learner_id, starts_at, status)
    values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002', now() + interval '1 day', 'booked'),
        ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002', now() - interval '1 day', 'done');
