package app

import (
	"os"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/build"
	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
)

// openBuilds makes the service that builds uploaded projects. Its bundler is
// not that of deployments, so that builds keep no deployment waiting.
func (rt *runtime) openBuilds() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	b := rt.cfg.Builds
	bundler := bundle.NewChild(self, bundle.Limits{
		AtOnce: b.Concurrency, Sandbox: sandbox.Mode(rt.cfg.Runtime.Sandbox),
		Archive: bundle.ArchiveLimits{Files: b.MaxFiles, FileBytes: int64(b.MaxFileBytes), Bytes: int64(b.MaxTotalBytes)},
	})
	var ids func() string
	if rt.forward != nil {
		ids = rt.forward.NewID
	}
	rt.builds, err = build.New(build.Config{
		NewID:  ids,
		Bundle: bundler.Build, Log: rt.log.Named("builds"),
		Limits: build.Limits{
			AtOnce: b.Concurrency, Active: b.MaxActive, ActivePerGuild: b.MaxActivePerGuild, MinInterval: time.Duration(b.MinIntervalMS) * time.Millisecond,
			BundleBytes: func() int { return rt.live.Load().Runtime.MaxScriptBytes }, KeepBuilds: b.KeepBuilds, KeepBytes: b.KeepBytes, KeepTime: time.Duration(b.KeepSecs) * time.Second,
		},
	})
	if err != nil {
		return err
	}
	rt.life.run("builds", rt.builds.Run)
	return nil
}
