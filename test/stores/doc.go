// Package stores holds what operators can rely on when deployments are in a
// database: it may go away and come back while the runtime runs, and the runtime
// may be another one afterwards.
package stores
