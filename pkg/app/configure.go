package app

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/config"
)

// configCommand shows the settings that would be used.
func configCommand(s State) *cobra.Command {
	var file string
	load := func() (config.Config, error) { return config.Load(config.Options{File: file, Env: s.Env}) }
	c := &cobra.Command{Use: "config", Short: "Look at the configuration", Args: cobra.NoArgs}
	c.PersistentFlags().StringVar(&file, "config", "", "TOML file with settings")
	c.AddCommand(&cobra.Command{
		Use: "print", Short: "Print the effective configuration as TOML, secrets hidden", Args: cobra.NoArgs,
		Example: "  flora-runtime config print --config flora.toml",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			text, err := cfg.Redacted()
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(c.OutOrStdout(), text)
			return err
		},
	})
	return c
}
