-- A project made from the user management starter: profiles with its own columns, policies and sign-up trigger.
create table public.profiles (
    id uuid not null references auth.users on delete cascade primary key,
    updated_at timestamp with time zone,
    username text unique,
    full_name text,
    avatar_url text,
    website text,
    phone text,
    constraint username_length check (char_length(username) >= 3)
);
grant all on public.profiles to anon, authenticated, service_role;
alter table public.profiles enable row level security;
create policy "Public profiles are viewable by everyone." on public.profiles
    for select using (true);
create policy "Users can insert their own profile." on public.profiles
    for insert with check ((select auth.uid()) = id);
create policy "Users can update own profile." on public.profiles
    for update using ((select auth.uid()) = id);

create function public.handle_new_user() returns trigger
    language plpgsql
    set search_path = ''
    security definer
    as $$
begin
    insert into public.profiles (id, full_name, avatar_url)
        values (new.id, new.raw_user_meta_data ->> 'full_name', new.raw_user_meta_data ->> 'avatar_url');
    return new;
end
$$;
create trigger on_auth_user_created after insert on auth.users
    for each row execute procedure public.handle_new_user();

insert into auth.users (id, email, raw_user_meta_data)
    values
        ('00000000-0000-4000-8000-000000000001', 'one@example.test', '{"full_name": "One Old", "avatar_url": "one.png"}'),
        ('00000000-0000-4000-8000-000000000002', 'two@example.test', '{}');
update public.profiles set username = 'one', website = 'https://one.example', phone = '123' where full_name = 'One Old';
