// Package discordsim is a Discord on loopback: the gateway, the REST API and
// the interaction endpoints that a bot talks to, with Discord's own error
// bodies, permissions, rate limits and clocks, and a control surface (/sim) to
// act as the people of its servers and to script faults. It is the only test
// double of the project; libraries made for Discord run against it unchanged.
// Nothing is persisted, and the ids of the initial guilds never change.
//
// One mutex, Sim.mu, guards the whole simulated world and the gateway
// sessions. Events are queued on connections while it is held, so every
// session sees them in the order in which the world changed.
//
// The control surface, below /sim (bodies and answers are JSON; an error is
// {"message", "code"} with a 4xx status and changes nothing):
//
//	GET    /                                           guilds, channels, users (?after=&limit=)
//	POST   /guilds {"name"}                            the bot is invited; DELETE /guilds/{g} removes it
//	GET    /guilds/{g}                                 one guild, with the bot's commands
//	POST   /guilds/{g}/outage                          the guild is unavailable; DELETE ends it
//	POST   /guilds/{g}/members {"username", "bot"}     joins; DELETE /guilds/{g}/members/{m} leaves
//	POST   /guilds/{g}/events {"type", "data"}         sends an event of the catalog
//	GET    /guilds/{g}/stream                          what changes, as server-sent events (?as=)
//	GET    /guilds/{g}/channels/{c}/messages           newest last (?after=&before=&limit=&as=)
//	POST   /guilds/{g}/channels/{c}/messages {"content", "author", "reply_to", "attachments"}
//	PATCH  .../messages/{m} {"content"}                its author edits it; DELETE deletes it
//	PUT    .../messages/{m}/reactions {"emoji", "author"}, and DELETE
//	PUT    .../messages/{m}/votes {"answer", "author"} votes in a poll
//	PUT    /guilds/{g}/voice {"channel", "author"}     joins voice, or leaves it without a channel
//	PUT    /guilds/{g}/scheduled-events/{e}/users {"author"}
//	POST   /guilds/{g}/interactions                    an Action; answers with its Outcome
//	GET    /requests                                   the bot's REST requests (?after=&limit=&wait_ms=)
//	GET    /faults, POST /faults, DELETE /faults       a RequestFault for the next requests
//	GET    /gateway                                    sessions and connections
//	POST   /gateway {"action", "code", "resumable", "shard", "forget", "remaining"}
//	GET    /gateway/connections                        which connection had which session, and when
//	GET    /gateway/dispatches                         what sessions were given (?event=&after=&limit=)
//	GET    /interactions                               what was done about each (?after=&limit=)
//	GET    /oauth                                      who has logged in to the application
//	POST   /oauth {"action": "expire" | "life" | "deauthorize", "author", "access_token_secs"}
//	POST   /flood                                      a Flood; answers with its FloodResult
package discordsim
