-- An earlier mentoring app: the contract's tables without row level security, local timestamps, everything granted, and
-- rows that break our rules: a name twice, an odd status, an odd length, people who are gone, upcoming hours that overlap.
create type public.session_status as enum ('scheduled', 'ongoing', 'completed', 'cancelled', 'postponed');
create table public.subjects (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    icon text
);
create table public.profiles (
    id uuid primary key,
    name text,
    email text,
    rating numeric(2, 1) default 0,
    total_sessions_taught bigint default 0
);
create table public.sessions (
    id uuid primary key default gen_random_uuid(),
    mentor_id uuid,
    student_id uuid,
    subject_id uuid,
    title varchar(80),
    description text,
    scheduled_time timestamp,
    duration smallint not null default 60,
    status public.session_status default 'scheduled',
    meeting_url text not null,
    created_by uuid,
    created_at timestamp default now()
);
create index sessions_by_mentor on public.sessions (mentor_id);
grant all on public.subjects, public.profiles, public.sessions to anon, authenticated, service_role;

insert into auth.users (id, email)
    values ('00000000-0000-4000-8000-000000000001', 'one@example.test'), ('00000000-0000-4000-8000-000000000002', 'two@example.test'),
        ('00000000-0000-4000-8000-000000000003', 'three@example.test');
insert into public.subjects (id, name)
    values ('00000000-0000-4000-8000-0000000000a1', 'Python'), ('00000000-0000-4000-8000-0000000000a2', 'Python'),
        ('00000000-0000-4000-8000-0000000000a3', 'SQL');
insert into public.profiles (id, name, email, rating, total_sessions_taught)
    values ('00000000-0000-4000-8000-000000000001', 'Mentor', 'one@example.test', 4.5, 9),
        ('00000000-0000-4000-8000-000000000002', '', 'two@example.test', 0, 0),
        ('00000000-0000-4000-8000-000000000009', 'Gone', 'gone@example.test', 0, 2);
insert into public.sessions (id, mentor_id, student_id, subject_id, title, scheduled_time, duration, status, meeting_url, created_by)
    select ('00000000-0000-4000-8000-0000000000' || lpad(n::text, 2, '0'))::uuid,
            '00000000-0000-4000-8000-000000000001', student::uuid, '00000000-0000-4000-8000-0000000000a1', title,
            date_trunc('day', now())::timestamp + at::interval, length, status::public.session_status, 'https://meet.example/' || n,
            '00000000-0000-4000-8000-000000000001'
        from (values
            (50, '00000000-0000-4000-8000-000000000002', 'Past', '-3 days', 60, 'completed'),
            (51, '00000000-0000-4000-8000-000000000002', 'Ahead', '3 days', 60, 'scheduled'),
            (52, '00000000-0000-4000-8000-000000000003', 'Overlaps', '3 days 30 minutes', 60, 'scheduled'),
            (53, '00000000-0000-4000-8000-000000000002', 'Odd', '4 days', 45, 'postponed'),
            (54, '00000000-0000-4000-8000-000000000009', 'Whoever', '-9 days', 60, 'completed'),
            (55, '00000000-0000-4000-8000-000000000002', null, '-8 days', 60, 'cancelled')
        ) as old (n, student, title, at, length, status);
