package main

import (
	"encoding/json"
	"fmt"

	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/scope"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// bot is the script of all measurements of isolates: a prefix command, a slash
// command and a cron job. It is a classic script as well as a module.
const bot = `
const counters = kv.store("counters");
createBot({
  prefix: "!",
  prefixCommands: [prefix({ name: "ping", description: "Answers pong", run: (ctx) => ctx.reply("pong") })],
  slashCommands: [slash({
    name: "counter",
    description: "Counts",
    options: [{ name: "by", description: "How much", type: "integer" }],
    run: async (ctx) => {
      const next = Number((await counters.get("n")) ?? 0) + (ctx.options.by ?? 1);
      await counters.set("n", String(next));
      await ctx.reply("The counter is at " + next);
    },
  })],
});
cron("tidy", "0 4 * * *", async () => { await counters.delete("old"); });
`

// info is what the SDK learns of its guild.
const info = `{"guildId":"100000000000000001","applicationId":"900000000000000001","maxTimers":512}`

// sdk is the whole SDK as the runtime bundles it.
func sdk() (string, error) {
	source, err := sdkbundle.Bundle()
	if err != nil {
		return "", fmt.Errorf("bundle the SDK: %w", err)
	}
	return source, nil
}

// opNames are those that a worker makes functions for. Nothing is ever called.
func opNames() ([]string, error) {
	table, err := v8ops.Table(v8ops.Deps{
		Discord: &outbound.Discord{
			REST: new(discord.REST), Scope: new(scope.Scope),
			Application: func() snowflake.ApplicationID { return 1 },
		},
		KV: noStore{},
	})
	if err != nil {
		return nil, fmt.Errorf("make the table of ops: %w", err)
	}
	return table.Names(), nil
}

// noStore stands where a table of ops wants a store.
type noStore struct{ kv.Store }

// locals are the natives of the boot contract beside the ops.
var locals = []string{"log", "timerStart", "timerClear", "done", "subscribe", "commands", "cronRegister", "secretPlaceholder", "report"}

// stockBoot is a script that boots the SDK with natives that do nothing, for
// engines that are not ours.
func stockBoot(ops []string) (string, error) {
	names, err := json.Marshal(append(append([]string{}, ops...), locals...))
	if err != nil {
		return "", fmt.Errorf("list the natives: %w", err)
	}
	return fmt.Sprintf(`{
const natives = { __proto__: null };
for (const name of %s) natives[name] = () => 1;
globalThis.__enter = globalThis.__floraBoot(natives, %q);
delete globalThis.__floraBoot;
}
`, names, info), nil
}
