-- Five subjects and two people to try things with, for a local database only. May run any number of times.
--   student@mentorkit.test / mentorkit
--   mentor@mentorkit.test  / mentorkit   (has taught 12 sessions and teaches every subject)

insert into public.subjects (id, name, description)
    values
        ('5b1e0000-0000-4000-8000-000000000001', 'Python', 'From first steps to packaging'),
        ('5b1e0000-0000-4000-8000-000000000002', 'SQL', 'Queries, design and what makes them quick'),
        ('5b1e0000-0000-4000-8000-000000000003', 'Mathematics', 'Algebra, analysis, statistics'),
        ('5b1e0000-0000-4000-8000-000000000004', 'Interview practice', 'Questions, answers and nerves'),
        ('5b1e0000-0000-4000-8000-000000000005', 'Writing', 'Reports, talks and letters')
    on conflict (name) do nothing;

-- The empty strings are what the auth server itself writes; it can not read NULL in these columns.
insert into auth.users (
        instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data,
        created_at, updated_at, confirmation_token, recovery_token, email_change_token_new, email_change
    )
    select
            '00000000-0000-0000-0000-000000000000', people.id, 'authenticated', 'authenticated', people.email,
            extensions.crypt('mentorkit', extensions.gen_salt('bf')), now(),
            '{"provider": "email", "providers": ["email"]}', people.says,
            now(), now(), '', '', '', ''
        from (values
            ('5eed0000-0000-4000-8000-000000000001'::uuid, 'student@mentorkit.test',
                '{"name": "Sam Student", "time_zone": "Europe/Berlin"}'::jsonb),
            ('5eed0000-0000-4000-8000-000000000002'::uuid, 'mentor@mentorkit.test',
                '{"name": "Mina Mentor", "is_mentor": true, "time_zone": "America/New_York"}'::jsonb)
        ) as people (id, email, says)
        where not exists (select from auth.users as u where u.email = people.email);

insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
    select u.id::text, u.id, jsonb_build_object('sub', u.id::text, 'email', u.email, 'email_verified', true), 'email',
            now(), now(), now()
        from auth.users as u
        where u.email in ('student@mentorkit.test', 'mentor@mentorkit.test')
    on conflict (provider_id, provider) do nothing;

update public.profiles as p
    set total_sessions_taught = 12, bio = 'Teaches what she uses every day.'
    from auth.users as u
    where u.id = p.id and u.email = 'mentor@mentorkit.test' and p.total_sessions_taught < 12;

insert into public.mentor_subjects (mentor_id, subject_id)
    select u.id, s.id
        from auth.users as u
        cross join public.subjects as s
        where u.email = 'mentor@mentorkit.test'
    on conflict do nothing;
