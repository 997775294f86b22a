package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (a *app) kvCommand() *cobra.Command {
	c := &cobra.Command{Use: "kv", Short: "Look after a guild's key-value stores", Args: cobra.NoArgs, RunE: group}
	c.AddCommand(
		a.createStoreCommand(), a.listStoresCommand(), a.deleteStoreCommand(),
		a.kvSetCommand(), a.kvGetCommand(), a.kvDeleteCommand(), a.listKeysCommand(),
	)
	return c
}

func (a *app) createStoreCommand() *cobra.Command {
	var name string
	c := a.inGuild(&cobra.Command{Use: "create-store", Short: "Make a store", Args: cobra.NoArgs},
		func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
			name, err := a.need(name, "Store name", "--name")
			if err != nil {
				return err
			}
			s, err := api.CreateStore(ctx, guild, name)
			if err != nil {
				return err
			}
			return a.say(s, "Created KV store '%s' for guild %s", s.Name, guild)
		})
	c.Flags().StringVar(&name, "name", "", "name of the store")
	return c
}

func (a *app) listStoresCommand() *cobra.Command {
	return a.inGuild(&cobra.Command{Use: "list-stores", Short: "List the stores", Args: cobra.NoArgs},
		func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
			all, err := api.Stores(ctx, guild)
			if err != nil {
				return err
			}
			if len(all) == 0 {
				return a.say(all, "No KV stores found for guild %s", guild)
			}
			var b strings.Builder
			fmt.Fprintf(&b, "KV stores for guild %s:", guild)
			for _, s := range all {
				b.WriteString("\n  - " + s.Name)
			}
			return a.say(all, "%s", b.String())
		})
}

func (a *app) deleteStoreCommand() *cobra.Command {
	var name string
	c := a.inGuild(&cobra.Command{Use: "delete-store", Short: "Remove a store with all it holds", Args: cobra.NoArgs},
		func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
			name, err := a.need(name, "Store name", "--name")
			if err != nil {
				return err
			}
			if err := api.DeleteStore(ctx, guild, name); err != nil {
				return err
			}
			return a.say(success, "Deleted KV store '%s' for guild %s", name, guild)
		})
	c.Flags().StringVar(&name, "name", "", "name of the store")
	return c
}

func (a *app) kvSetCommand() *cobra.Command {
	var store, key, metadata string
	var expiration int64
	var c *cobra.Command
	c = a.inGuild(&cobra.Command{
		Use: "set <value>", Short: "Write a value", Args: cobra.ExactArgs(1),
		Long: "Writes a value. Expiration and metadata that are not given are cleared. Write -- before a value that starts with a dash.",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		store, err := a.need(store, "Store name", "--store")
		if err != nil {
			return err
		}
		key, err := a.need(key, "Key", "--key")
		if err != nil {
			return err
		}
		var o client.SetOptions
		if c.Flags().Changed("expiration") {
			o.Expiration = &expiration
		}
		if metadata != "" {
			if !json.Valid([]byte(metadata)) {
				return usage("--metadata is no valid JSON: %s", metadata)
			}
			o.Metadata = json.RawMessage(metadata)
		}
		if err := api.Set(ctx, guild, store, key, args[0], o); err != nil {
			return err
		}
		return a.say(success, "Set %s=%s in store '%s'", key, args[0], store)
	})
	withStore(c, &store)
	c.Flags().StringVar(&key, "key", "", "the key")
	c.Flags().Int64Var(&expiration, "expiration", 0, "when the key expires, in Unix seconds")
	c.Flags().StringVar(&metadata, "metadata", "", "JSON to keep beside the value")
	return c
}

func withStore(c *cobra.Command, store *string) {
	c.Flags().StringVar(store, "store", "", "name of the store")
}

func (a *app) kvGetCommand() *cobra.Command {
	var store string
	c := a.inGuild(&cobra.Command{Use: "get <key>", Short: "Print a value", Args: cobra.ExactArgs(1)},
		func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
			store, err := a.need(store, "Store name", "--store")
			if err != nil {
				return err
			}
			value, found, err := api.Get(ctx, guild, store, args[0])
			switch {
			case err != nil:
				return err
			case !found:
				return coded(NotFound, "Key '%s' not found", args[0])
			case a.json:
				return a.printJSON(map[string]string{"value": value})
			case a.Terminal:
				value = printable(value)
			}
			return a.printf("%s\n", value)
		})
	withStore(c, &store)
	return c
}

func (a *app) kvDeleteCommand() *cobra.Command {
	var store string
	c := a.inGuild(&cobra.Command{Use: "delete <key>", Short: "Remove a key", Args: cobra.ExactArgs(1)},
		func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
			store, err := a.need(store, "Store name", "--store")
			if err != nil {
				return err
			}
			if err := api.Delete(ctx, guild, store, args[0]); err != nil {
				return err
			}
			return a.say(success, "Deleted key '%s' from store '%s'", args[0], store)
		})
	withStore(c, &store)
	return c
}

func (a *app) listKeysCommand() *cobra.Command {
	var store string
	var o client.ListOptions
	c := a.inGuild(&cobra.Command{Use: "list-keys", Short: "List the keys of a store", Args: cobra.NoArgs},
		func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
			store, err := a.need(store, "Store name", "--store")
			if err != nil {
				return err
			}
			if o.Limit < 0 {
				return usage("--limit is %d, but it must be 1 or more", o.Limit)
			}
			p, err := api.Keys(ctx, guild, store, o)
			if err != nil {
				return err
			}
			return a.say(p, "%s", keyLines(p, store))
		})
	withStore(c, &store)
	c.Flags().StringVar(&o.Prefix, "prefix", "", "only keys that start so")
	c.Flags().IntVar(&o.Limit, "limit", 0, "how many keys (the server's default is 100, 1000 at most)")
	c.Flags().StringVar(&o.Cursor, "cursor", "", "go on where a list ended")
	return c
}

func keyLines(p client.Page, store string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d keys in store '%s':", len(p.Keys), store)
	for _, k := range p.Keys {
		b.WriteString("\n  - " + k.Name)
		if k.Expiration != 0 {
			fmt.Fprintf(&b, " (expires: %d)", k.Expiration)
		}
		if len(k.Metadata) > 0 {
			fmt.Fprintf(&b, " [metadata: %s]", k.Metadata)
		}
	}
	if !p.Complete {
		fmt.Fprintf(&b, "\nThere are more; go on with --cursor '%s'", p.Cursor)
	}
	return b.String()
}
