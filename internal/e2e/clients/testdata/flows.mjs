// Sign-ins by Microsoft's library for Node and by openid-client against
// `webapp fakeidp`. Run it with node --test and the environment of clients_test.go.
import assert from 'node:assert/strict'
import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node'
import * as oidc from 'openid-client'

const { CLIENT_ID, CLIENT_SECRET, AUTHORITY, REDIRECT_URI, API_ID, API_SECRET, CERTIFICATE_FILE, KEY_FILE, PROVIDER_PID } = process.env
const origin = new URL(AUTHORITY).origin
const knownAuthorities = [new URL(AUTHORITY).host]
const member = 'adele.vance@contoso.example'

// pick opens an authorization URL, picks an account as a person does, and returns
// the URL of the callback.
async function pick(location, account = member) {
  const page = await (await fetch(location, { redirect: 'manual' })).text()
  const action = page.match(/<form method="post" action="([^"]+)"/)[1].replaceAll('&amp;', '&')
  const response = await fetch(new URL(action, origin), {
    method: 'POST', redirect: 'manual', body: new URLSearchParams({ account }),
  })
  assert.equal(response.status, 303)
  return new URL(response.headers.get('location'))
}

const confidential = (authority = AUTHORITY, more = { clientSecret: CLIENT_SECRET }) =>
  new ConfidentialClientApplication({ auth: { clientId: CLIENT_ID, authority, knownAuthorities, ...more } })

// signIn signs a person in with the authorization code flow of MSAL.
async function signIn(msal, scopes, account = member) {
  const { verifier, challenge } = await new CryptoProvider().generatePkceCodes()
  const request = { scopes, redirectUri: REDIRECT_URI, state: randomUUID(), nonce: randomUUID() }
  const location = await msal.getAuthCodeUrl({ ...request, codeChallenge: challenge, codeChallengeMethod: 'S256' })
  const query = Object.fromEntries((await pick(location, account)).searchParams)
  return msal.acquireTokenByCode({ ...request, code: query.code, codeVerifier: verifier }, query)
}

const graph = async token => (await fetch(`${origin}/v1.0/me`, { headers: { authorization: `Bearer ${token}` } })).json()

// setFault makes an endpoint of the provider fail.
async function setFault(fault) {
  const response = await fetch(`${origin}/_faults`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fault),
  })
  assert.equal(response.status, 204, await response.text())
}

for (const segment of [new URL(AUTHORITY).pathname.slice(1), 'common', 'organizations']) {
  test(`MSAL signs a person in through ${segment}`, async () => {
    const msal = confidential(`${origin}/${segment}`)
    const result = await signIn(msal, ['User.Read'])
    assert.equal(result.account.name, 'Adele Vance')
    assert.equal(result.account.username, member)
    assert.equal((await graph(result.accessToken)).displayName, 'Adele Vance')
    const [account, ...others] = await msal.getTokenCache().getAllAccounts()
    assert.equal(account.homeAccountId, result.account.homeAccountId)
    assert.deepEqual(others, [])
    const renewed = await msal.acquireTokenSilent({ account, scopes: ['User.Read'], forceRefresh: true })
    assert.notEqual(renewed.accessToken, result.accessToken)
    assert.equal((await graph(renewed.accessToken)).displayName, 'Adele Vance')
  })
}

test('MSAL reports a conditional-access challenge', async () => {
  const msal = confidential()
  const { account } = await signIn(msal, ['User.Read'])
  const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
  await setFault({ endpoint: 'token', times: 1, error: { number: 50076, claims } })
  const renewal = () => msal.acquireTokenSilent({ account, scopes: ['User.Read'], forceRefresh: true })
  await assert.rejects(renewal, error => error.name === 'InteractionRequiredAuthError' && error.claims === claims)
  await renewal()
})

for (const [name, more] of [
  ['secret', { clientSecret: CLIENT_SECRET }],
  ['certificate', { clientCertificate: {
    thumbprintSha256: new X509Certificate(readFileSync(CERTIFICATE_FILE)).fingerprint256.replaceAll(':', ''),
    privateKey: readFileSync(KEY_FILE, 'utf8'),
  } }],
]) {
  test(`MSAL gets a token for the application by ${name}`, async () => {
    const result = await confidential(AUTHORITY, more).acquireTokenByClientCredential({ scopes: [`${API_ID}/.default`] })
    const claims = JSON.parse(Buffer.from(result.accessToken.split('.')[1], 'base64url'))
    assert.equal(claims.aud, API_ID)
    assert.equal(claims.idtyp, 'app')
  })
}

test('MSAL calls an API on behalf of a person', async () => {
  const { accessToken } = await signIn(confidential(), [`api://${API_ID}/Files.Read`])
  const api = confidential(AUTHORITY, { clientId: API_ID, clientSecret: API_SECRET })
  const result = await api.acquireTokenOnBehalfOf({ oboAssertion: accessToken, scopes: ['User.Read'] })
  assert.equal((await graph(result.accessToken)).displayName, 'Adele Vance')
})

test('MSAL signs a device in', async () => {
  const device = new PublicClientApplication({ auth: { clientId: CLIENT_ID, authority: AUTHORITY, knownAuthorities } })
  const result = await device.acquireTokenByDeviceCode({
    scopes: ['User.Read'],
    deviceCodeCallback: ({ verificationUri, userCode }) =>
      fetch(verificationUri, { method: 'POST', body: new URLSearchParams({ user_code: userCode, account: member }) }),
  })
  assert.equal(result.account.name, 'Adele Vance')
})

// open signs a person in with openid-client.
async function open(config, scope) {
  const state = oidc.randomState(), nonce = oidc.randomNonce(), verifier = oidc.randomPKCECodeVerifier()
  const location = oidc.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI, scope, state, nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  })
  return oidc.authorizationCodeGrant(config, await pick(location), { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier })
}

test('openid-client signs in, renews, reads UserInfo and signs out', async () => {
  const config = await oidc.discovery(new URL(`${AUTHORITY}/v2.0`), CLIENT_ID, CLIENT_SECRET)
  const tokens = await open(config, 'openid profile offline_access User.Read')
  const { sub, name } = tokens.claims()
  assert.equal(name, 'Adele Vance')
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, sub)).name, 'Adele Vance')
  const narrower = await oidc.refreshTokenGrant(config, tokens.refresh_token, { scope: 'User.Read' })
  assert.equal(narrower.scope, 'User.Read')
  const end = oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: new URL('/', REDIRECT_URI).href, id_token_hint: tokens.id_token })
  const response = await fetch(end, { redirect: 'manual' })
  assert.equal(response.headers.get('location'), new URL('/', REDIRECT_URI).href)
})

// openid-client reads the key set at most once a minute, also for an unknown key.
test('openid-client verifies signatures over a rotation of the keys', async () => {
  const config = await oidc.discovery(new URL(`${AUTHORITY}/v2.0`), CLIENT_ID, CLIENT_SECRET)
  oidc.enableNonRepudiationChecks(config)
  const signer = async () => JSON.parse(Buffer.from((await open(config, 'openid')).id_token.split('.')[0], 'base64url')).kid
  const first = await signer()
  process.kill(Number(PROVIDER_PID), 'SIGHUP')
  for (let attempts = 0; attempts < 100; attempts++) {
    if (await signer() !== first) return
  }
  assert.fail('the key was not replaced')
})

test('openid-client proves itself by a certificate', async () => {
  const key = await crypto.subtle.importKey('pkcs8', createPrivateKey(readFileSync(KEY_FILE)).export({ type: 'pkcs8', format: 'der' }),
    { name: 'RSA-PSS', hash: 'SHA-256' }, false, ['sign'])
  const thumbprint = Buffer.from(new X509Certificate(readFileSync(CERTIFICATE_FILE)).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
  const config = await oidc.discovery(new URL(`${AUTHORITY}/v2.0`), CLIENT_ID, undefined, oidc.PrivateKeyJwt(key, {
    [oidc.modifyAssertion]: (header, payload) => {
      header['x5t#S256'] = thumbprint
      payload.aud = `${AUTHORITY}/oauth2/v2.0/token` // as Microsoft documents it
    },
  }))
  assert.equal((await open(config, 'openid profile')).claims().name, 'Adele Vance')
})
