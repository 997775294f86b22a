package sdkbundle

// Link is link, for tests.
var Link = link
