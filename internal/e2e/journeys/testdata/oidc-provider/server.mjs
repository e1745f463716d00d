// An OpenID Provider that is not this project's own: oidc-provider, with the
// login pages that it ships for development. It serves one confidential client
// on a loopback port and keeps everything in memory.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const issuer = required('ISSUER');
const { hostname, port } = new URL(issuer);

const provider = new Provider(issuer, {
  clients: [{
    client_id: required('CLIENT_ID'),
    client_secret: required('CLIENT_SECRET'),
    token_endpoint_auth_method: process.env.CLIENT_AUTH ?? 'client_secret_basic',
    ...(process.env.CLIENT_KEYS ? { jwks: JSON.parse(process.env.CLIENT_KEYS) } : {}),
    redirect_uris: [required('REDIRECT_URI')],
    post_logout_redirect_uris: [required('POST_LOGOUT_REDIRECT_URI')],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  }],
  pkce: { required: () => true },
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username'],
    email: ['email'],
  },
  // Most vendors put the claims of the granted scopes into the ID token; the
  // specification leaves them to the userinfo endpoint.
  conformIdTokenClaims: process.env.ID_TOKEN_CLAIMS === 'none',
  async findAccount(ctx, id) {
    return {
      accountId: id,
      claims: () => ({
        sub: id,
        name: `${id[0].toUpperCase()}${id.slice(1)} Interop`,
        preferred_username: id,
        email: `${id}@example.test`,
      }),
    };
  },
  features: {
    devInteractions: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    revocation: { enabled: process.env.REVOCATION !== 'off' },
    pushedAuthorizationRequests: {
      enabled: process.env.PUSHED !== 'off',
      requirePushedAuthorizationRequests: process.env.PUSHED === 'required',
    },
  },
  cookies: { keys: ['only', 'for', 'tests'] },
});

provider.on('pushed_authorization_request.success', () => console.log('pushed'));
provider.on('refresh_token.saved', () => console.log('refresh token issued'));
provider.on('refresh_token.destroyed', () => console.log('refresh token revoked'));

const failures = ['pushed_authorization_request.error', 'authorization.error', 'grant.error', 'end_session.error', 'revocation.error', 'userinfo.error', 'server_error'];
for (const event of failures) {
  provider.on(event, (ctx, err) => console.error(event, err));
}

const server = createServer(provider.callback());
server.listen(Number(port), hostname, () => console.log(`ready ${issuer}`));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
