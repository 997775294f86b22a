package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (a *app) kvCommand() *cobra.Command {
	return family("kv", "Look after a guild's key-value stores",
		a.createStoreCommand(), a.listStoresCommand(), a.deleteStoreCommand(),
		a.kvSetCommand(), a.kvGetCommand(), a.kvDeleteCommand(), a.listKeysCommand(), a.exportCommand(), a.importCommand(),
	)
}

func (a *app) createStoreCommand() *cobra.Command {
	var name string
	c := a.inGuild(&cobra.Command{
		Use: "create-store", Short: "Make a store", Args: cobra.NoArgs,
		Long:    "Makes an empty store. Stores also come to be by their first key.",
		Example: "  flora kv create-store --name main",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
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
	return a.inGuild(&cobra.Command{
		Use: "list-stores", Short: "List the stores", Args: cobra.NoArgs,
		Example: "  flora kv list-stores",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
		all, err := api.Stores(ctx, guild)
		if err != nil {
			return err
		}
		rows := make([][]string, len(all))
		for i, s := range all {
			rows[i] = []string{s.Name, local(s.CreatedAt), local(s.UpdatedAt)}
		}
		return a.table(all, "No KV stores found for guild "+guild.String(), []string{"STORE", "CREATED", "UPDATED"}, rows)
	})
}

func (a *app) deleteStoreCommand() *cobra.Command {
	var name string
	var yes bool
	c := a.inGuild(&cobra.Command{
		Use: "delete-store", Short: "Remove a store with all it holds", Args: cobra.NoArgs,
		Long:    "Removes a store with all it holds. On a terminal it asks first; \"flora kv export\" keeps a copy.",
		Example: "  flora kv delete-store --name main --yes",
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, _ []string) error {
		name, err := a.need(name, "Store name", "--name")
		if err != nil {
			return err
		}
		if err := a.confirm(yes, "Delete the KV store '%s' of guild %s with all it holds?", name, guild); err != nil {
			return err
		}
		if err := api.DeleteStore(ctx, guild, name); err != nil {
			return err
		}
		return a.say(success, "Deleted KV store '%s' for guild %s", name, guild)
	})
	c.Flags().StringVar(&name, "name", "", "name of the store")
	_ = c.RegisterFlagCompletionFunc("name", a.completeStores) // The flag is there.
	withYes(c, &yes)
	return c
}
