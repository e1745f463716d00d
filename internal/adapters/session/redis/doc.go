// Package redis is a session store on a Redis or Valkey server, for several
// instances of the application at once: a single server, one that Sentinel
// watches, or a Cluster. Redis 6.2 or newer, any Valkey.
//
// # Where the server is
//
//	redis://[[USER]:PASSWORD@]HOST[:6379][/DB]
//	redis+sentinel://[[USER]:PASSWORD@]HOST[:26379][,HOST[:26379]…]/MASTER[/DB]
//	redis+cluster://[[USER]:PASSWORD@]HOST[:6379][,HOST[:6379]…]
//	unix://[[USER]:PASSWORD@]/PATH/OF/SOCKET[?db=DB]
//
// redis+unix:// and redis+socket:// are other spellings of unix://.
//
// The same with rediss, rediss+sentinel and rediss+cluster is TLS 1.2 or newer
// on every connection, those to the Sentinels included. Certificates must fit
// the address that is dialled (Sentinel and Cluster tell addresses of their
// own, see their announce settings) and are checked against the roots of the
// system; SSL_CERT_FILE names others.
//
// USER and PASSWORD are those of the server's ACL and, where Sentinel is used,
// of master and replicas. The characters / ? # @ % in them are written as %2F %3F
// %23 %40 %25. Parameters after a question mark:
//
//	pool_size=N            connections to each server at most, 10 for each CPU
//	                       by default and 5 in a Cluster
//	sentinel_username=USER and
//	sentinel_password=PASSWORD  for the Sentinels themselves
//
// Connections are made when they are needed. An operation takes 2 seconds at
// most and then fails with ports.ErrStoreUnavailable; each of its steps (waiting
// for a connection, dialling, writing, reading) 1 second.
//
// # What it needs of the server
//
// Keys begin with "webapp:". A user of its own needs no more than
//
//	~webapp:* +get +set +del +exists +eval +evalsha +getrange +ping
//	+zadd +zscore +zrem +zrange +zremrangebyscore +pttl +pexpire +time
//	+zcount
//
// (the last for the number of sessions in the metrics alone), besides +select for a DB other than 0 and +cluster|slots in a Cluster.
//
// Settings: "maxmemory-policy noeviction", because a record that is evicted
// signs somebody out or lets a one-time identifier be used again; with it a
// full server refuses sign-ins and keeps what it has. Without persistence a
// restart signs everybody out and forgets one-time identifiers; "appendonly
// yes" keeps all but the last second of writes, "appendfsync always" all.
//
// Replication is asynchronous. A master that dies can take writes along that
// it has answered but not passed on: sign-ins of that moment are lost, and a
// sign-out of that moment is undone, for whoever still has the cookie (the
// browser that signed out has not), until the session's own limits end it.
// "min-replicas-to-write 1" with "min-replicas-max-lag 10" makes a master that
// has lost its replicas refuse writes and so bounds that moment to seconds.
// Where it must not happen at all, use a single server with "appendfsync
// always" or the PostgreSQL store.
//
// # What it keeps
//
//	webapp:s:<key>    string: eight bytes of version, then the value; with the
//	                  record's expiry
//	webapp:i:<index>  sorted set of records by expiry; see index.go
//	webapp:n          sorted set of sessions by expiry; see count.go. Not in a
//	                  Cluster
//
// Expiry is given to the server as a duration, so that its clock need not agree
// with ours.
package redis
