// Package providerhttp holds what the adapters share that call an identity
// provider or one of its APIs over HTTP. Each call of a Client has a deadline
// and a size limit, follows no redirect and is repeated at most once. Its errors
// have constant texts: they quote neither a URL nor an answer.
package providerhttp
