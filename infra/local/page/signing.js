// ---- Signing -----------------------------------------------------------------------------------

const utf8 = (text) => new TextEncoder().encode(text);
const hexOf = (bytes) => [...new Uint8Array(bytes)]
  .map((byte) => byte.toString(16).padStart(2, '0')).join('');
const sha256 = async (text) => hexOf(await crypto.subtle.digest('SHA-256', utf8(text)));

async function mac(key, text) {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' },
    false, ['sign']);
  return crypto.subtle.sign('HMAC', imported, utf8(text));
}

/** RFC 3986: everything but the unreserved characters is escaped. */
const escaped = (text) => encodeURIComponent(text)
  .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * The headers of AWS Signature Version 4 for a request to the admin API, as a browser can send
 * them: `host` is signed and set by the browser itself.
 */
async function signed({ access_key_id, secret_access_key }, region, method, url, body = '') {
  const stamp = new Date(now()).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = stamp.slice(0, 8);
  const scope = `${day}/${region}/execute-api/aws4_request`;
  const query = [...url.searchParams].map((pair) => pair.map(escaped).join('=')).sort().join('&');
  const path = url.pathname.split('/').map(escaped).join('/');
  const hash = await sha256(body);
  const headers = `host:${url.host}\nx-amz-content-sha256:${hash}\nx-amz-date:${stamp}\n`;
  const names = 'host;x-amz-content-sha256;x-amz-date';
  const canonical = [method, path, query, headers, names, hash].join('\n');
  const text = ['AWS4-HMAC-SHA256', stamp, scope, await sha256(canonical)].join('\n');
  let key = utf8(`AWS4${secret_access_key}`);
  for (const part of scope.split('/')) key = await mac(key, part);
  const signature = hexOf(await mac(key, text));
  return { 'X-Amz-Date': stamp, 'X-Amz-Content-Sha256': hash,
    Authorization: `AWS4-HMAC-SHA256 Credential=${access_key_id}/${scope}, `
      + `SignedHeaders=${names}, Signature=${signature}` };
}
