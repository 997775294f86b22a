// What bot.fetch sends, and what comes back, as both test bots have it.
declare const Request: any;
declare const Response: any;
declare function atob(s: string): string;
declare function btoa(s: string): string;

const base = "https://bot.test";

export interface Sent {
  method: string;
  /** The path below the endpoint, and the query. */
  path: string;
  headers: [string, string][];
  body: string; // In base64.
}

export interface Answered {
  status: number;
  headers: [string, string][];
  body: string; // In base64.
}

export function endpointOf(guildId: string): string {
  return `${base}/g/${guildId}/`;
}

/** Where the script thinks that the request went. */
export function addressOf(s: Sent): string {
  return base + s.path;
}

export async function sent(guildId: string, input: any, init: any): Promise<Sent> {
  const whole = input instanceof Request;
  const r = new Request(whole ? input : new URL(String(input), base), init);
  const url: any = new URL(r.url);
  if (url.origin !== base) throw new Error(`bot.fetch sends to the bot itself: a path like "/hook", or an address below ${endpointOf(guildId)}`);
  const root = `/g/${guildId}`;
  const path = url.pathname === root || url.pathname.startsWith(`${root}/`) ? url.pathname.slice(root.length) || "/" : url.pathname;
  let text = "";
  for (const b of new Uint8Array(await r.arrayBuffer())) text += String.fromCharCode(b);
  return { method: r.method, path: path + url.search, headers: [...r.headers], body: btoa(text) };
}

export function answered(a: Answered): any {
  const empty = a.status === 204 || a.status === 205 || a.status === 304;
  return new Response(empty ? null : Uint8Array.from(atob(a.body), (c) => c.charCodeAt(0)), { status: a.status, headers: a.headers });
}
