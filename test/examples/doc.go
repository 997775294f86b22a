// Package examples deploys every bot of the folder examples to a real runtime
// with a simulated Discord, and uses it as people would.
package examples
