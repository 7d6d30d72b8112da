// supabase-js against the embedded auth: every call the product and its tests use.
import { address, assert, ok, refused, run, service, visitor } from './check.mjs'

const password = 'correct horse'
const client = visitor()
const email = address()
let user

await run({
  'sign up gives a session and the metadata': async () => {
    const data = ok(await client.auth.signUp({ email, password, options: { data: { name: 'Ada' } } }))
    user = data.user
    assert.equal(user.email, email)
    assert.equal(user.user_metadata.name, 'Ada')
    assert.ok(data.session.access_token)
    assert.ok(data.session.expires_at > Date.now() / 1000 + 3000)
  },
  'a taken address is user_already_exists': async () => {
    refused(await visitor().auth.signUp({ email, password }), 422, 'user_already_exists')
  },
  'a weak password is told with its reasons': async () => {
    const error = refused(await visitor().auth.signUp({ email: address(), password: 'abc' }), 422, 'weak_password')
    assert.equal(error.name, 'AuthWeakPasswordError')
    assert.deepEqual(error.reasons, ['length'])
  },
  'a malformed address is validation_failed': async () => {
    refused(await visitor().auth.signUp({ email: 'nowhere', password }), 400, 'validation_failed')
  },
  'anonymous sign-in is refused': async () => {
    refused(await visitor().auth.signInAnonymously(), 422, 'anonymous_provider_disabled')
  },
  'sign in in any case': async () => {
    const data = ok(await client.auth.signInWithPassword({ email: email.toUpperCase(), password }))
    assert.equal(data.user.id, user.id)
  },
  'a wrong password is invalid_credentials': async () => {
    refused(await visitor().auth.signInWithPassword({ email, password: 'wrong' }), 400, 'invalid_credentials')
  },
  'getUser, getClaims and getSession agree': async () => {
    assert.equal(ok(await client.auth.getUser()).user.id, user.id)
    const { claims, header } = ok(await client.auth.getClaims())
    assert.equal(claims.sub, user.id)
    assert.equal(claims.role, 'authenticated')
    assert.equal(claims.aal, 'aal1')
    assert.equal(header.alg, process.env.SIGNING)
    assert.equal(ok(await client.auth.getSession()).session.user.id, user.id)
  },
  'refresh gives the next token and the client goes on with it': async () => {
    const before = ok(await client.auth.getSession()).session
    const after = ok(await client.auth.refreshSession()).session
    assert.notEqual(after.refresh_token, before.refresh_token)
    assert.equal(ok(await client.auth.getUser()).user.id, user.id)
  },
  'an unknown refresh token is refused': async () => {
    const given = { refresh_token: 'never-issued' }
    refused(await visitor().auth.refreshSession(given), 400, 'refresh_token_not_found')
  },
  'setSession takes tokens over': async () => {
    const { access_token, refresh_token } = ok(await client.auth.getSession()).session
    const other = visitor()
    assert.equal(ok(await other.auth.setSession({ access_token, refresh_token })).user.id, user.id)
  },
  'updateUser changes metadata, address and password': async () => {
    assert.equal(ok(await client.auth.updateUser({ data: { pet: 'cat' } })).user.user_metadata.pet, 'cat')
    const moved = `new.${email}`
    assert.equal(ok(await client.auth.updateUser({ email: moved })).user.email, moved)
    refused(await client.auth.updateUser({ password }), 422, 'same_password')
    ok(await client.auth.updateUser({ password: 'battery staple' }))
    ok(await visitor().auth.signInWithPassword({ email: moved, password: 'battery staple' }))
    ok(await client.auth.updateUser({ email, password }))
  },
  'a taken address in updateUser is email_exists': async () => {
    const taken = address()
    ok(await visitor().auth.signUp({ email: taken, password }))
    refused(await client.auth.updateUser({ email: taken }), 422, 'email_exists')
  },
  'signOut others ends the others only': async () => {
    const other = visitor()
    ok(await other.auth.signInWithPassword({ email, password }))
    assert.equal((await client.auth.signOut({ scope: 'others' })).error, null)
    assert.equal((await other.auth.getUser()).error.name, 'AuthSessionMissingError')
    assert.equal(ok(await client.auth.getUser()).user.id, user.id)
  },
  'signOut global ends all': async () => {
    const other = visitor()
    ok(await other.auth.signInWithPassword({ email, password }))
    assert.equal((await client.auth.signOut()).error, null)
    assert.equal((await other.auth.getUser()).error.name, 'AuthSessionMissingError')
    assert.equal(ok(await client.auth.getSession()).session, null)
  },
  'the admin calls': async () => {
    const admin = service().auth.admin
    const made = ok(await admin.createUser({ email: address(), password, email_confirm: true })).user
    refused(await admin.createUser({ email: made.email, password }), 422, 'email_exists')
    assert.equal(ok(await admin.getUserById(made.id)).user.email, made.email)
    const changed = ok(await admin.updateUserById(made.id, { app_metadata: { team: 7 } })).user
    assert.equal(changed.app_metadata.team, 7)
    const page = ok(await admin.listUsers({ page: 1, perPage: 1 }))
    assert.equal(page.users.length, 1)
    assert.ok(page.total >= 2)
    assert.equal(page.nextPage, 2)
    // Of lastPage it reads the first digit only, so nothing is checked there.
    ok(await admin.updateUserById(made.id, { ban_duration: '24h' }))
    refused(await visitor().auth.signInWithPassword({ email: made.email, password }), 400, 'user_banned')
    ok(await admin.deleteUser(made.id))
    refused(await admin.getUserById(made.id), 404, 'user_not_found')
  },
  'the admin signs a session out': async () => {
    const other = visitor()
    const { session } = ok(await other.auth.signInWithPassword({ email, password }))
    assert.equal((await service().auth.admin.signOut(session.access_token)).error, null)
    assert.equal((await other.auth.getUser()).error.name, 'AuthSessionMissingError')
  },
  'a member is no admin': async () => {
    const other = visitor()
    ok(await other.auth.signInWithPassword({ email, password }))
    const { session } = ok(await other.auth.getSession())
    const { createClient } = await import('@supabase/supabase-js')
    const posing = createClient(process.env.URL, process.env.PUBLISHABLE_KEY, {
      auth: { persistSession: false, autoRefreshToken: false },
      global: { headers: { Authorization: `Bearer ${session.access_token}` } },
    })
    refused(await posing.auth.admin.listUsers(), 403, 'not_admin')
  },
  'what needs mail, texts or providers is refused by name': async () => {
    const { auth } = visitor()
    refused(await auth.resetPasswordForEmail(email), 422, 'email_provider_disabled')
    refused(await auth.resend({ type: 'signup', email }), 422, 'email_provider_disabled')
    refused(await auth.signInWithOtp({ email }), 422, 'otp_disabled')
    refused(await auth.verifyOtp({ email, token: '123456', type: 'email' }), 422, 'otp_disabled')
    refused(await auth.signInWithIdToken({ provider: 'google', token: 'x' }), 400, 'provider_disabled')
    refused(await auth.signInWithSSO({ domain: 'x.test' }), 400, 'saml_provider_disabled')
    const admin = service().auth.admin
    refused(await admin.inviteUserByEmail(address()), 422, 'email_provider_disabled')
    refused(await admin.generateLink({ type: 'magiclink', email }), 422, 'email_provider_disabled')
    const signedIn = visitor()
    ok(await signedIn.auth.signInWithPassword({ email, password }))
    refused(await signedIn.auth.mfa.enroll({ factorType: 'totp' }), 422, 'mfa_totp_enroll_not_enabled')
  },
})
