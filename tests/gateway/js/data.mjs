// supabase-js against the data API: the table `items` and functions of tests/gateway/project.py.
import { address, assert, ok, refused, run, service, visitor } from './check.mjs'

const client = visitor()
const name = () => crypto.randomUUID()
const mine = name()

await run({
  'a visitor reads and does not write': async () => {
    assert.ok(Array.isArray(ok(await client.from('items').select())))
    refused(await client.from('items').insert({ name: mine }), 401, '42501')
  },
  'a member inserts with and without asking for the row': async () => {
    ok(await client.auth.signUp({ email: address(), password: 'correct horse' }))
    const quiet = await client.from('items').insert({ name: name() })
    assert.deepEqual([quiet.status, quiet.data], [201, null])
    const row = ok(await client.from('items').insert({ name: mine, tags: ['a', 'b'] }).select().single())
    assert.deepEqual(row.tags, ['a', 'b'])
    assert.match(row.made_at, /^\d{4}-\d\d-\d\dT/)
  },
  'many rows in one insert': async () => {
    const rows = Array.from({ length: 20 }, () => ({ name: name() }))
    assert.equal(ok(await client.from('items').insert(rows).select('id')).length, 20)
  },
  'the same name again is 23505': async () => {
    refused(await client.from('items').insert({ name: mine }), 409, '23505')
  },
  'update, upsert and delete answer the rows they touched': async () => {
    const [changed] = ok(await client.from('items').update({ price: 2.5 }).eq('name', mine).select())
    assert.equal(changed.price, 2.5)
    const again = { name: mine, price: 3 }
    const row = ok(await client.from('items').upsert(again, { onConflict: 'name' }).select().single())
    assert.deepEqual([row.id, row.price], [changed.id, 3])
    const ignored = await client.from('items').upsert(again, { onConflict: 'name', ignoreDuplicates: true }).select()
    assert.deepEqual(ok(ignored), [])
    assert.equal(ok(await client.from('items').delete().eq('id', row.id).select()).length, 1)
  },
  'an update of somebody else touches nothing': async () => {
    const stranger = visitor()
    ok(await stranger.auth.signUp({ email: address(), password: 'correct horse' }))
    const all = await stranger.from('items').update({ price: 1 }).gte('id', 0).select()
    assert.deepEqual(ok(all), [])
  },
  'counts, ranges and order': async () => {
    const answer = await client.from('items').select('id', { count: 'exact' }).order('id').range(0, 4)
    assert.equal(ok(answer).length, 5)
    assert.ok(answer.count >= 20)
    const head = await client.from('items').select('*', { count: 'exact', head: true })
    assert.deepEqual([head.error, head.data, head.count], [null, null, answer.count])
  },
  'single and maybeSingle': async () => {
    refused(await client.from('items').select().single(), 406, 'PGRST116')
    assert.equal(ok(await client.from('items').select().eq('id', -1).maybeSingle()), null)
  },
  'functions by POST, GET and HEAD': async () => {
    assert.equal(ok(await client.rpc('total', { numbers: [1, 2, 3] })), 6)
    assert.equal(ok(await client.rpc('total', { numbers: [1, 2, 3] }, { get: true })), 6)
    assert.equal((await client.rpc('total', { numbers: [1] }, { head: true })).error, null)
    assert.equal(refused(await client.rpc('refuse'), 409, 'slot_taken').message, 'Taken.')
    refused(await client.rpc('nothing'), 404, 'PGRST202')
  },
  'the roles of keys and users': async () => {
    assert.equal(ok(await visitor().rpc('request')).role, 'anon')
    assert.equal(ok(await service().rpc('request')).role, 'service_role')
    const seen = ok(await client.rpc('request'))
    assert.equal(seen.role, 'authenticated')
    assert.equal(seen.claims.sub, ok(await client.auth.getUser()).user.id)
  },
  'a wrong key is refused': async () => {
    const { createClient } = await import('@supabase/supabase-js')
    const wrong = createClient(process.env.URL, 'sb_publishable_wrong', { auth: { persistSession: false } })
    const answer = await wrong.from('items').select()
    assert.equal(answer.status, 401)
    assert.equal(answer.error.message, 'Invalid API key')
  },
  'a large value goes both ways': async () => {
    const value = { text: 'z'.repeat(1_000_000) }
    assert.deepEqual(ok(await client.rpc('echo', { value })), value)
  },
  'a hundred at once': async () => {
    const numbers = Array.from({ length: 100 }, (_, n) => n)
    const answers = await Promise.all(numbers.map((n) => client.rpc('echo', { value: { n } })))
    assert.deepEqual(answers.map((answer) => ok(answer).n), numbers)
  },
})
