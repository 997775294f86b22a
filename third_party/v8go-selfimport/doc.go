// Package v8go stands in for the import path that the tests of the real V8
// binding use; see the replace directives in the root go.mod.
package v8go
