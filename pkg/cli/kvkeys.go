package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (a *app) withStore(c *cobra.Command, store *string) {
	c.Flags().StringVar(store, "store", "", "name of the store")
	_ = c.RegisterFlagCompletionFunc("store", a.completeStores) // The flag is there.
}

// keyOptions are the flags of a value that is set.
type keyOptions struct {
	store, key, metadata string
	expiration           int64
	ttl                  span
}

func (a *app) kvSetCommand() *cobra.Command {
	var o keyOptions
	var c *cobra.Command
	c = a.inGuild(&cobra.Command{
		Use: "set <value>", Short: "Write a value", Args: exactly("the value, or - for standard input"),
		Long: `Writes a value; - reads it from standard input, as it is. Expiration and metadata
that are not given are cleared. Write -- before a value that starts with a dash.`,
		Example: "  flora kv set hello --store main --key greeting\n  flora kv set - --store main --key page --ttl 1h < page.html",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		store, err := a.need(o.store, "Store name", "--store")
		if err != nil {
			return err
		}
		key, err := a.need(o.key, "Key", "--key")
		if err != nil {
			return err
		}
		var set client.SetOptions
		switch {
		case c.Flags().Changed("expiration") && o.ttl > 0:
			return usage("give --expiration or --ttl, not both")
		case c.Flags().Changed("expiration"):
			set.Expiration = &o.expiration
		case o.ttl > 0:
			seconds := o.ttl.seconds()
			set.TTL = &seconds
		}
		if o.metadata != "" {
			if !json.Valid([]byte(o.metadata)) {
				return usage("--metadata is no valid JSON: %s", o.metadata)
			}
			set.Metadata = json.RawMessage(o.metadata)
		}
		value, shown := args[0], args[0]
		if value == "-" && c.ArgsLenAtDash() != 0 {
			if value, err = a.input(maxValue); err != nil {
				return err
			}
			shown = strconv.Itoa(len(value)) + " bytes"
		}
		if err := api.Set(ctx, guild, store, key, value, set); err != nil {
			return err
		}
		return a.say(success, "Set %s=%s in store '%s'", key, shown, store)
	})
	a.withStore(c, &o.store)
	c.Flags().StringVar(&o.key, "key", "", "the key")
	c.Flags().Int64Var(&o.expiration, "expiration", 0, "when the key expires, in Unix seconds")
	c.Flags().Var(&o.ttl, "ttl", "how long the key lives: seconds, or like 90m, 12h, 7d")
	c.Flags().StringVar(&o.metadata, "metadata", "", "JSON to keep beside the value")
	return c
}

func (a *app) kvGetCommand() *cobra.Command {
	var store string
	c := a.inGuild(&cobra.Command{
		Use: "get <key>", Short: "Print a value", Args: exactly("a key; `flora kv list-keys` lists them"),
		Long: `Prints a value and a line feed. When there is no such key, the exit code is 4.
With --json expiration, metadata and version are there, too.`,
		Example: "  flora kv get greeting --store main",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		store, err := a.need(store, "Store name", "--store")
		if err != nil {
			return err
		}
		e, found, err := api.Get(ctx, guild, store, args[0])
		switch {
		case err != nil:
			return err
		case !found:
			return coded(NotFound, "Key '%s' not found in store '%s'", args[0], store)
		case a.json:
			return a.printJSON(e)
		case a.Terminal:
			e.Value = printable(e.Value)
		}
		return a.printf("%s\n", e.Value)
	})
	a.withStore(c, &store)
	return c
}

func (a *app) kvDeleteCommand() *cobra.Command {
	var store string
	c := a.inGuild(&cobra.Command{
		Use: "delete <key>", Short: "Remove a key", Args: exactly("a key; `flora kv list-keys` lists them"),
		Long:    "Removes a key, which may be missing.",
		Example: "  flora kv delete greeting --store main",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		store, err := a.need(store, "Store name", "--store")
		if err != nil {
			return err
		}
		if err := api.Delete(ctx, guild, store, args[0]); err != nil {
			return err
		}
		return a.say(success, "Deleted key '%s' from store '%s'", args[0], store)
	})
	a.withStore(c, &store)
	return c
}

func (a *app) listKeysCommand() *cobra.Command {
	var store string
	var everything bool
	var o client.ListOptions
	c := a.inGuild(&cobra.Command{
		Use: "list-keys", Short: "List the keys of a store", Args: cobra.NoArgs,
		Long: `Lists the keys of a store in the order of their bytes, a page at a time. --all
goes through all pages.`,
		Example: "  flora kv list-keys --store main\n  flora kv list-keys --store main --prefix gre --all",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
		store, err := a.need(store, "Store name", "--store")
		if err != nil {
			return err
		}
		if o.Limit < 0 {
			return usage("--limit is %d, but it must be 1 or more", o.Limit)
		}
		p, err := keys(ctx, api, guild, store, o, everything)
		if err != nil {
			return err
		}
		rows := make([][]string, len(p.Keys))
		for i, k := range p.Keys {
			expires := "-"
			if k.Expiration != 0 {
				expires = local(time.Unix(k.Expiration, 0))
			}
			rows[i] = []string{k.Name, expires, cmp.Or(string(k.Metadata), "-")}
		}
		if err := a.table(p, "No keys found in store '"+store+"'", []string{"KEY", "EXPIRES", "METADATA"}, rows); err != nil {
			return err
		}
		if !p.Complete && !a.json {
			return a.printf("There are more; go on with --cursor '%s', or give --all\n", printable(p.Cursor))
		}
		return nil
	})
	a.withStore(c, &store)
	c.Flags().StringVar(&o.Prefix, "prefix", "", "only keys that start so")
	c.Flags().IntVar(&o.Limit, "limit", 0, "how many keys (the server's default is 100, 1000 at most)")
	c.Flags().StringVar(&o.Cursor, "cursor", "", "go on where a list ended")
	c.Flags().BoolVar(&everything, "all", false, "all keys, whatever the limit of a page")
	return c
}

// keys gives a page, or all of them as one.
func keys(ctx context.Context, api *client.Client, guild snowflake.GuildID, store string, o client.ListOptions, everything bool) (client.Page, error) {
	if everything && o.Limit == 0 {
		o.Limit = 1000
	}
	p, err := api.Keys(ctx, guild, store, o)
	for err == nil && everything && !p.Complete {
		var next client.Page
		o.Cursor = p.Cursor
		if next, err = api.Keys(ctx, guild, store, o); err == nil && !next.Complete && next.Cursor == o.Cursor {
			err = fmt.Errorf("%s gives the same page of keys again and again", api.BaseURL())
		}
		if err == nil {
			next.Keys = append(p.Keys, next.Keys...)
			p = next
		}
	}
	return p, err
}
