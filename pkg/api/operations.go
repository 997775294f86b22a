package api

import (
	"reflect"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/build"
	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
)

// component is a type with a name in the OpenAPI document, the original's where
// it has one.
type component struct {
	name   string
	kind   reflect.Type
	change func(*jsonschema.Schema) // Says what the type does not.
	// request is set for what is only sent by clients.
	request bool
}

func components() []component {
	return []component{
		{name: "Problem", kind: of[problemDoc](), change: func(s *jsonschema.Schema) { s.AdditionalProperties = nil }},
		{name: "DeploymentFile", kind: of[deploy.File]()},
		{name: "DeploymentFile", kind: of[sentFile]()},
		{name: "SourceMapFile", kind: of[deploy.SourceMap]()},
		{name: "DeploymentListItem", kind: of[deploy.Deployment]()},
		{name: "DeploymentResponse", kind: of[deployment]()},
		{name: "DeploymentRequest", kind: of[deployBody](), request: true},
		{name: "DeploymentRevision", kind: of[deploy.Revision](), change: func(s *jsonschema.Schema) { values(s, "status", deploy.Success, deploy.Failed) }},
		{name: "DeploymentActor", kind: of[deploy.Actor](), change: func(s *jsonschema.Schema) {
			values(s, "actor_type", deploy.ActorSession, deploy.ActorToken, deploy.ActorSystem)
		}},
		{name: "DeploymentChangeSummary", kind: of[deploy.ChangeSummary]()},
		{name: "BuildRequest", kind: of[buildForm](), change: func(s *jsonschema.Schema) {
			s.Properties["project_zip"] = &jsonschema.Schema{Type: "string", ContentMediaType: "application/zip", Description: "A zip archive of the project"}
		}},
		{name: "BuildCreated", kind: of[createdBuild](), change: statuses},
		{name: "Build", kind: of[build.Build](), change: statuses},
		{name: "BuildArtifact", kind: of[build.Artifact]()},
		{name: "User", kind: of[auth.User]()},
		{name: "UserGuild", kind: of[ownGuild]()},
		{name: "CreatedToken", kind: of[madeToken]()},
		{name: "CreateTokenRequest", kind: of[tokenBody](), request: true},
		{name: "LogEntry", kind: of[logs.Entry](), change: func(s *jsonschema.Schema) { values(s, "level", "trace", "debug", "info", "warn", "error") }},
		{name: "GuildSettings", kind: of[shownSettings]()},
		{name: "Variable", kind: of[variableDoc]()},
		{name: "Secret", kind: of[secretDoc]()},
		{name: "SecretRequest", kind: of[secretBody](), request: true},
		{name: "CronJob", kind: of[cronDoc]()},
		{name: "GuildStatus", kind: of[conduct.Status]()},
		{name: "KvStore", kind: of[storeDoc]()},
		{name: "KvKeyInfo", kind: of[keyDoc]()},
		{name: "ListKeysResponse", kind: of[page]()},
		{name: "KvEntry", kind: of[entryDoc]()},
		{name: "KvBatch", kind: of[batchBody](), request: true, change: func(s *jsonschema.Schema) {
			key := &jsonschema.Schema{Type: "string"}
			s.Properties["delete"].Items = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{key, s.Properties["delete"].Items}}
		}},
		{name: "KvExport", kind: of[exportDoc]()},
		{name: "Limits", kind: of[limitsDoc](), change: func(s *jsonschema.Schema) {
			group := &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "integer"}}
			s.AdditionalProperties = group // The services'.
		}},
	}
}

func statuses(s *jsonschema.Schema) {
	values(s, "status", build.Queued, build.Running, build.Done, build.Failed)
}

// values says what a member of an object may be.
func values[T any](s *jsonschema.Schema, member string, all ...T) {
	for _, v := range all {
		s.Properties[member].Enum = append(s.Properties[member].Enum, v)
	}
}

// Parameters that more than one operation has.
var (
	leastLevel    = param{name: "level", text: "The least level", kind: of[string](), oneOf: logs.Levels()}
	afterLine     = param{name: "after", text: "The id of the line before the first", kind: of[string]()}
	includeBundle = param{name: "include_bundle", text: "Answer the bundle too", kind: of[bool]()}
	requestKey    = param{name: "Idempotency-Key", text: "Names the request, so that it is carried out once however often it is sent; at most 128 printable ASCII characters", kind: of[string]()}
	deploySource  = param{name: "X-Flora-Deploy-Source", text: "Where the deployment comes from", kind: of[string](), oneOf: deploy.Sources()}
)

// operations describes every route, in the order of the table of routes.
func operations() []operation {
	return slices.Concat(callerOperations, deploymentOperations, buildOperations, guildOperations, logOperations, kvOperations, probeOperations)
}

// cliQuery is what a command line tool asks for.
var cliQuery = []param{
	{name: "code_challenge", text: "SHA-256 of the code_verifier, in base64url", kind: of[string](), required: true},
	{name: "code_challenge_method", text: "How it is made", kind: of[string](), required: true, oneOf: []string{"S256"}},
	{name: "redirect_uri", text: "Where the tool listens on this machine, by its IPv4 address", kind: of[string](), required: true},
	{name: "state", text: "Comes back as it is", kind: of[string]()},
}

var callerOperations = []operation{
	{route: "GET /api/auth/login", id: "login_handler", tag: "Auth", summary: "Log in with Discord",
		query: []param{{name: "next", text: "Path of this site at which the login ends", kind: of[string]()}}, status: 302, errors: []int{404}},
	{route: "GET /api/auth/callback", id: "callback_handler", tag: "Auth", summary: "Where Discord sends a login back to",
		query: []param{
			{name: "state", text: "Discord's, from the login", kind: of[string]()}, {name: "code", text: "Discord's", kind: of[string]()},
			{name: "error", text: "Discord's, instead of a code", kind: of[string]()},
		}, status: 302, errors: []int{401, 403, 404, 502}},
	{route: "POST /api/auth/logout", id: "logout_handler", tag: "Auth", summary: "End the session", status: 204, errors: []int{403}},
	{route: "GET /api/auth/cli", id: "cli_login_handler", tag: "Auth", summary: "The page that lets a command line tool log in",
		query: cliQuery, media: "text/html", redirects: 302, errors: []int{404, 502}},
	{route: "POST /api/auth/cli", id: "cli_decide_handler", tag: "Auth", summary: "That page's form", body: of[cliForm](), page: true, status: 303, errors: []int{401, 403, 404, 502}},
	{route: "POST /api/auth/cli/token", id: "cli_token_handler", tag: "Auth", summary: "An API token for the page's code", body: of[cliCode](), answer: of[madeToken](), errors: []int{404, 409}},
	{route: "GET /api/guilds", id: "list_guilds_handler", tag: "Guilds", summary: "The guilds that the caller administers", answer: of[[]ownGuild](), errors: []int{409}},
	{route: "POST /api/tokens", id: "create_token_handler", tag: "Tokens", summary: "Make an API token", body: of[tokenBody](), answer: of[madeToken](), errors: []int{409}},
	{route: "GET /api/tokens", id: "list_tokens_handler", tag: "Tokens", summary: "The user's API tokens, the newest first", answer: of[[]auth.ShownToken]()},
	{route: "DELETE /api/tokens/:token", id: "delete_token_handler", tag: "Tokens", summary: "Revoke an API token", status: 204, errors: []int{404}},
	{route: "GET /api/auth/me", id: "me_handler", tag: "Auth", summary: "Who calls", answer: of[meDoc]()},
	{route: "GET /api/limits", id: "get_limits_handler", tag: "Limits", summary: "The limits in force", answer: of[limitsDoc]()},
	{route: "GET /api/types", id: "get_types_handler", tag: "Types", summary: "The SDK's TypeScript declarations",
		header: []param{{name: "If-None-Match", text: "ETag of what the client has", kind: of[string]()}}, media: "text/plain", unchanged: true},
}

var deploymentOperations = []operation{
	{route: "GET /api/deployments", id: "list_deployments_handler", tag: "Deployments", summary: "The deployments of the caller's guilds", answer: of[[]deploy.Deployment]()},
	{route: "GET /api/deployments/:guild", id: "get_deployment_handler", tag: "Deployments", summary: "What a guild runs",
		query: []param{includeBundle}, answer: of[deployment](), errors: []int{404}},
	{route: "POST /api/deployments/:guild", id: "upsert_deployment_handler", tag: "Deployments", summary: "Build, load and store a script",
		header: []param{deploySource, requestKey}, body: of[deployBody](), answer: of[deployment](), errors: []int{404, 409}},
	{route: "DELETE /api/deployments/:guild", id: "delete_deployment_handler", tag: "Deployments", summary: "Stop a guild's script; its history stays",
		answer: of[deletedDoc](), errors: []int{404}},
	{route: "GET /api/deployments/:guild/history", id: "list_deployment_history_handler", tag: "Deployments", summary: "Revisions, the newest first",
		query: []param{
			{name: "limit", text: "Most revisions, 1 to 100; 25", kind: of[int]()},
			{name: "cursor_deployed_at", text: "deployed_at of the last revision of the page before", kind: of[string]()},
			{name: "cursor_id", text: "id of the last revision of the page before", kind: of[string]()},
			{name: "include_files", text: "Answer files and source maps too", kind: of[bool]()},
			includeBundle,
		}, answer: of[[]deploy.Revision]()},
	{route: "GET /api/deployments/:guild/revisions/:revision", id: "get_deployment_revision_handler", tag: "Deployments", summary: "One revision",
		query: []param{includeBundle}, answer: of[deploy.Revision](), errors: []int{404}},
	{route: "POST /api/deployments/:guild/rollback/:revision", id: "rollback_deployment_handler", tag: "Deployments", summary: "Deploy an older revision again",
		header: []param{deploySource, requestKey}, answer: of[deploy.Revision](), errors: []int{404, 413, 422}},
}

var buildOperations = []operation{
	{route: "POST /api/builds", id: "create_build_handler", tag: "Builds", summary: "Build an uploaded project", body: of[buildForm](), form: true, answer: of[createdBuild]()},
	{route: "GET /api/builds/:build", id: "get_build_handler", tag: "Builds", summary: "A build, its log and its artifact", answer: of[build.Build](), errors: []int{404}},
	{route: "GET /api/builds/:build/logs", id: "stream_build_logs", tag: "Builds", summary: "A build's log as server-sent events",
		header: []param{{name: "Last-Event-ID", text: "Start after this line", kind: of[string]()}}, media: "text/event-stream", errors: []int{404}},
}

var guildOperations = []operation{
	{route: "GET /api/status/:guild", id: "get_guild_status_handler", tag: "Guilds", summary: "What a guild's script is doing", answer: of[conduct.Status]()},
	{route: "POST /api/status/:guild/release", id: "release_guild_handler", tag: "Guilds", summary: "End a quarantine (operator)", answer: of[conduct.Status](), errors: []int{404}},
	{route: "GET /api/guilds/:guild/settings", id: "get_guild_settings_handler", tag: "Guilds", summary: "What a guild's admins set beside the script", answer: of[shownSettings]()},
	{route: "PUT /api/guilds/:guild/settings", id: "put_guild_settings_handler", tag: "Guilds", summary: "Replace a guild's settings", body: of[settingsDoc](), answer: of[shownSettings]()},
	{route: "GET /api/vars/:guild", id: "list_variables_handler", tag: "Variables", summary: "A guild's variables, by name", answer: of[[]variableDoc]()},
	{route: "GET /api/vars/:guild/:name", id: "get_variable_handler", tag: "Variables", summary: "One variable", answer: of[variableDoc](), errors: []int{404}},
	{route: "PUT /api/vars/:guild/:name", id: "put_variable_handler", tag: "Variables", summary: "Set a variable", body: of[struct {
		Value string `json:"value"`
	}](), answer: of[variableDoc](), errors: []int{409}},
	{route: "DELETE /api/vars/:guild/:name", id: "delete_variable_handler", tag: "Variables", summary: "Remove a variable", answer: of[deletedDoc]()},
	{route: "GET /api/secrets/:guild", id: "list_secrets_handler", tag: "Secrets", summary: "A guild's secrets by name, without their values", answer: of[[]secretDoc]()},
	{route: "PUT /api/secrets/:guild/:name", id: "upsert_secret_handler", tag: "Secrets", summary: "Set a secret", body: of[secretBody](), answer: of[secretDoc](), errors: []int{409}},
	{route: "DELETE /api/secrets/:guild/:name", id: "delete_secret_handler", tag: "Secrets", summary: "Remove a secret", answer: of[deletedDoc]()},
	{route: "GET /api/crons/:guild", id: "list_crons_handler", tag: "Crons", summary: "The cron jobs of the script that runs", answer: of[[]cronDoc]()},
	{route: "POST /api/crons/:guild/:name/run", id: "run_cron_handler", tag: "Crons", summary: "Run a cron job now", status: 202, answer: of[startedCron](), errors: []int{404, 409}},
	{route: "GET /api/metrics", id: "get_metrics", tag: "Metrics", summary: "Metrics for Prometheus (operator)", media: "text/plain", errors: []int{403}},
	{route: "GET /api/metrics/json", id: "get_metrics_json", tag: "Metrics", summary: "A few of them as numbers (operator)", answer: of[map[string]uint64](), errors: []int{403}},
}

var logOperations = []operation{
	{route: "GET /api/logs/:guild", id: "get_guild_logs", tag: "Logs", summary: "Lines, the oldest first",
		query: []param{{name: "limit", text: "Most lines, up to 1000; 100", kind: of[int]()}, leastLevel, afterLine}, answer: of[[]logs.Entry]()},
	{route: "GET /api/logs/:guild/stream", id: "stream_guild_logs", tag: "Logs", summary: "New lines as server-sent events",
		query: []param{leastLevel, afterLine}, header: []param{{name: "Last-Event-ID", text: "Start after this line", kind: of[string]()}}, media: "text/event-stream"},
}

var kvOperations = []operation{
	{route: "POST /api/kv/stores", id: "create_store_handler", tag: "KV", summary: "Make an empty store", body: of[struct {
		Guild string `json:"guild_id"`
		Name  string `json:"store_name"`
	}](), answer: of[struct {
		Store storeDoc `json:"store"`
	}](), errors: []int{409}},
	{route: "GET /api/kv/stores", id: "list_stores_handler", tag: "KV", summary: "A guild's stores, by name",
		query: []param{{name: "guild_id", text: "The guild", kind: of[string](), required: true}}, answer: of[[]storeDoc]()},
	{route: "DELETE /api/kv/stores/:guild/:store", id: "delete_store_handler", tag: "KV", summary: "Remove a store and its keys", status: 204, errors: []int{404}},
	{route: "GET /api/kv/:guild/:store", id: "list_keys_handler", tag: "KV", summary: "Keys in the order of their bytes", query: []param{
		{name: "prefix", text: "Only keys that begin so", kind: of[string]()},
		{name: "limit", text: "Most keys, up to 1000; 100", kind: of[int]()},
		{name: "cursor", text: "cursor of the page before", kind: of[string]()},
	}, answer: of[page](), errors: []int{404}},
	{route: "GET /api/kv/:guild/:store/:key", id: "get_value_handler", tag: "KV", summary: "A key with all that belongs to it, value null without one", answer: of[entryDoc](), errors: []int{404}},
	{route: "PUT /api/kv/:guild/:store/:key", id: "set_value_handler", tag: "KV", summary: "Set a key's value", body: of[setBody](), answer: of[written](), errors: []int{409, 413}},
	{route: "DELETE /api/kv/:guild/:store/:key", id: "delete_key_handler", tag: "KV", summary: "Remove a key",
		query: []param{{name: "if_version", text: "Only while the key has this version", kind: of[int]()}}, status: 204, errors: []int{404, 409}},
	{route: "POST /api/kv/:guild/:store/:key/increment", id: "increment_handler", tag: "KV", summary: "Add to the number that a key's value is", body: of[incrementBody](), answer: of[number](), errors: []int{413}},
	{route: "POST /api/kv/:guild/:store/batch", id: "batch_handler", tag: "KV", summary: "Read many keys at one moment, or make many changes as one",
		body: of[batchBody](), answer: of[batchDoc](), errors: []int{409, 413}},
	{route: "POST /api/kv/export/:guild", id: "export_guild_handler", tag: "KV", summary: "Put a guild's stores into an archive",
		query: []param{{name: "store", text: "Only this store", kind: of[string]()}}, answer: of[exportDoc](), errors: []int{404, 409}},
	{route: "GET /api/kv/export/:guild", id: "list_exports_handler", tag: "KV", summary: "The archives that are kept, the newest first", answer: of[exportsDoc]()},
	{route: "GET /api/kv/export/:guild/:export", id: "download_export_handler", tag: "KV", summary: "An archive", media: archiveType, unchanged: true, partial: true, errors: []int{404, 416}},
	{route: "POST /api/kv/import/:guild", id: "import_handler", tag: "KV", summary: "Take an archive in",
		query: []param{{name: "mode", text: "What becomes of what the archive does not have; merge keeps it", kind: of[string](), oneOf: []string{"merge", "replace"}}},
		file:  archiveType, answer: of[importedDoc](), errors: []int{409}},
}

var probeOperations = []operation{
	{route: "GET /api/health", id: "health_check", tag: "Health", summary: "Whether the process answers", media: "text/plain"},
	{route: "GET /api/livez", id: "livez", tag: "Health", summary: "Whether the process answers", media: "text/plain"},
	{route: "GET /api/readyz", id: "readyz", tag: "Health", summary: "Whether the process serves",
		query: []param{{name: "verbose", text: "Answer details as JSON", kind: of[string]()}}, media: "text/plain"},
}
