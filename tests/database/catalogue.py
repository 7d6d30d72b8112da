"""Everything a schema consists of, as sorted lines, so that two databases can be compared."""

from __future__ import annotations

from typing import LiteralString

from psycopg import AsyncConnection

PARTS: tuple[LiteralString, ...] = (
    """
    select 'column', c.oid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod),
            a.attnotnull::text, coalesce(pg_get_expr(d.adbin, d.adrelid), '')
        from pg_attribute as a
        join pg_class as c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'v')
        left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attnum > 0
            and not a.attisdropped
            and c.relnamespace::regnamespace::text = any (%(ours)s)
    """,
    """
    select 'table', oid::regclass::text, relkind::text, relrowsecurity::text,
            relreplident::text, coalesce(reloptions::text, '')
        from pg_class
        where relkind in ('r', 'p', 'v') and relnamespace::regnamespace::text = any (%(ours)s)
    """,
    """
    select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid),
            convalidated::text, ''
        from pg_constraint where connamespace::regnamespace::text = any (%(ours)s)
    """,
    """
    select 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), '', '', ''
        from pg_index as i join pg_class as c on c.oid = i.indexrelid
        where c.relnamespace::regnamespace::text = any (%(ours)s)
    """,
    """
    select 'function', oid::regprocedure::text, pg_get_functiondef(oid), '', '', ''
        from pg_proc where pronamespace::regnamespace::text = any (%(ours)s) and prokind = 'f'
    """,
    """
    select 'view', oid::regclass::text, pg_get_viewdef(oid), '', '', ''
        from pg_class where relkind = 'v' and relnamespace::regnamespace::text = any (%(ours)s)
    """,
    """
    select 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled::text, ''
        from pg_trigger where not tgisinternal
    """,
    """
    select 'policy', schemaname || '.' || tablename, policyname, cmd || ' ' || roles::text,
            coalesce(qual, ''), coalesce(with_check, '')
        from pg_policies
    """,
    """
    select 'published', pubname, schemaname || '.' || tablename, '', '', ''
        from pg_publication_tables
    """,
    # who was granted first is no difference, so each grant is a line of its own
    """
    select 'right', what, coalesce(nullif(a.grantee, 0)::regrole::text, 'everybody'),
            a.privilege_type, a.is_grantable::text, ''
        from (
            select oid::regclass::text as what, relacl as acl from pg_class
                where relnamespace::regnamespace::text = any (%(ours)s)
            union all
            select attrelid::regclass::text || '.' || attname, attacl from pg_attribute
                join pg_class as c on c.oid = attrelid
                where c.relnamespace::regnamespace::text = any (%(ours)s) and not attisdropped
            union all
            select oid::regprocedure::text, proacl from pg_proc
                where pronamespace::regnamespace::text = any (%(ours)s)
            union all
            select nspname, nspacl from pg_namespace where nspname = 'private'
        ) as granted
        cross join aclexplode(acl) as a
    """,
)


async def catalogue(conn: AsyncConnection) -> list[tuple[str, ...]]:
    """The schemas `public` and `private`, triggers, policies and publications, in a fixed order."""
    found: list[tuple[str, ...]] = []
    for part in PARTS:
        cursor = await conn.execute(part, {"ours": ["public", "private"]})
        found += [tuple(row) for row in await cursor.fetchall()]
    return sorted(found)
