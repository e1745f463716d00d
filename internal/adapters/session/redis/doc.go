// Package redis is a session store on a Redis or Valkey server, for several
// instances of the application. It works with a single server, with Sentinel and
// with a Cluster. It needs Redis 6.2 or newer, or any Valkey.
//
// # URL
//
//	redis://[[USER]:PASSWORD@]HOST[:6379][/DB]
//	redis+sentinel://[[USER]:PASSWORD@]HOST[:26379][,HOST[:26379]…]/MASTER[/DB]
//	redis+cluster://[[USER]:PASSWORD@]HOST[:6379][,HOST[:6379]…]
//	unix://[[USER]:PASSWORD@]/PATH/OF/SOCKET[?db=DB]
//
// redis+unix:// and redis+socket:// mean the same as unix://.
//
// rediss://, rediss+sentinel:// and rediss+cluster:// use TLS 1.2 or newer for every
// connection, also to the Sentinels. The certificate must be valid for the address
// that is dialled. Sentinels and Clusters announce addresses of their own; see their
// announce settings. The authorities are those of the system, or of the file in
// SSL_CERT_FILE.
//
// USER and PASSWORD are those of the server's ACL. With Sentinel they are for the
// master and its replicas. Write / ? # @ % in them as %2F %3F %23 %40 %25. Parameters
// after a question mark:
//
//	pool_size=N            the maximum number of connections to each server. The
//	                       default is 10 for each CPU, and 5 in a Cluster
//	sentinel_username=USER and
//	sentinel_password=PASSWORD  for the Sentinels themselves
//
// The store connects when it is used. An operation takes at most 2 seconds and then
// returns ports.ErrStoreUnavailable. Each step (waiting for a connection, dialling,
// writing, reading) takes at most 1 second. Except in a Cluster, concurrent reads share
// round trips; see reads.go.
//
// # Requirements for the server
//
// All keys begin with "webapp:". A user for the application needs only
//
//	~webapp:* +get +set +del +exists +eval +evalsha +getrange +ping
//	+zadd +zscore +zrem +zrange +zremrangebyscore +pttl +pexpire +time
//	+zcount
//
// and +select for a DB other than 0, and +cluster|slots for a Cluster. +zcount is
// for the number of sessions in the metrics.
//
// Set "maxmemory-policy noeviction". An evicted record would sign somebody out, or
// allow a one-time identifier to be used again. With noeviction a full server
// refuses sign-ins and keeps its records. Without persistence a restart signs
// everybody out and forgets one-time identifiers. "appendonly yes" keeps all writes
// but those of the last second, and "appendfsync always" keeps all.
//
// Replication is asynchronous. A master that fails can lose writes that it has
// confirmed but not replicated. Then sign-ins of that moment are lost. A session
// that was signed out at that moment is valid again until its limits end it. Only a
// copy of the cookie can use it, because the browser that signed out has deleted
// the cookie. With "min-replicas-to-write 1" and "min-replicas-max-lag 10" a master
// without replicas refuses writes, which limits that moment to seconds. If it must
// never happen, use a single server with "appendfsync always", or the PostgreSQL
// store.
//
// # Keys
//
//	webapp:s:<key>    string: eight bytes of version, then the value; expires
//	                  with the record
//	webapp:i:<index>  sorted set of records by expiry; see index.go
//	webapp:n          sorted set of sessions by expiry; see count.go. Not in a
//	                  Cluster
//
// The server gets expiries as durations, so that its clock may differ from ours.
package redis
