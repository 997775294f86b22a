package hostile

// Later lists what the corpus cannot attack yet because it is not there, and
// where the rest of the threats that are no scripts are attacked.
var Later = []struct{ Threat, Why string }{
	{"requests to private addresses, their spellings, rebinding, redirects", "scripts have no fetch yet; it rejects, which reach/fetch holds"},
	{"bodies that never end, compressed bombs, large headers", "scripts have no fetch yet"},
	{"secrets sent to hosts that are not listed, in redirects, logs and messages", "no server outside can be reached from here; pkg/bot and pkg/egress try it with servers of their own"},
	{"packages that do harm when they are built", "the bundler takes no packages yet"},
	{"streams that never close, AbortSignal, TextDecoder, URL, crypto", "these globals are not there yet; data/ holds that they fail as such"},
	{"archives with paths that leave them, links, device files", "uploads are JSON; bad ones are in test/spec's table of bad input"},
	{"forged tokens, requests for other guilds, deep JSON at the API", "test/spec's table of bad input has them"},
	{"frames of a worker that lies", "pkg/wire and pkg/supervisor have tests and fuzz targets of their own"},
	{"native calls from inside a worker", "the sandbox's own tests make them from a special build"},
	{"answers after fifteen minutes", "pkg/scope's tests turn the clock"},
	{"Discord's own limits of requests", "the runs here have none, so that floods meet the runtime's own limits; pkg/discord's tests have them"},
}
