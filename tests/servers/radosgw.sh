#!/bin/bash
# One-node Ceph (a monitor, an OSD in memory) with two RADOS Gateways on 127.0.0.1. For tests only: no cephx, one replica.
#
#   radosgw.sh DIR MON_PORT HTTP_PORT TLS_PORT STS_PORT CERT KEY
#
# HTTP_PORT and TLS_PORT refuse bad keys as AWS does (InvalidAccessKeyId, SignatureDoesNotMatch). STS_PORT belongs to
# a second gateway over the same data that knows session tokens: with those on, Ceph answers AccessDenied to every bad
# key, secret and token. Real installations differ, so the tests meet both.
#
# Runs in the foreground and ends, daemons and all, when its standard input closes: also when its parent was killed.
# Needs no root. Debian packages: ceph-mon ceph-osd ceph-common radosgw. A start takes about 15 s, 9 of them for pools.
set -euo pipefail
dir=$1 mon_port=$2 http_port=$3 tls_port=$4 sts_port=$5 cert=$6 key=$7
conf=$dir/ceph.conf
log=$dir/log
fsid=$(cat /proc/sys/kernel/random/uuid)
mkdir -p "$dir"/{run,log,mon,osd,rgw,sts}

# An orderly stop is for data that are kept.
trap 'jobs -p | xargs -r kill -9 2>/dev/null; wait' EXIT
trap 'exit 1' INT TERM HUP

fail() { echo "$1"; tail -n 30 "$2"; exit 1; }
running() { kill -0 "$1" 2>/dev/null; }

cat >"$conf" <<CONF
[global]
fsid = $fsid
mon_host = [v2:127.0.0.1:$mon_port/0]
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
# radosgw's own default is "secure", which needs cephx and fails without (get_initial_auth_request -13)
ms_mon_client_mode = crc
ms_mon_cluster_mode = crc
ms_mon_service_mode = crc
run_dir = $dir/run
admin_socket = $dir/run/\$name.asok
pid_file =
log_file = $log/\$name.log
mon_cluster_log_file = $log/cluster.log
crash_dir = $dir/crash
osd_pool_default_size = 1
osd_pool_default_min_size = 1
mon_allow_pool_size_one = true
osd_crush_chooseleaf_type = 0
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
mon_max_pg_per_osd = 1000
mon_data_avail_warn = 1
mon_data_avail_crit = 1
[mon]
mon_data = $dir/mon/\$id
[osd]
osd_data = $dir/osd/\$id
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_class_update_on_start = false
osd_crush_update_on_start = false
# a key has up to 1,024 bytes, and Ceph stores it with a prefix
osd_max_object_name_len = 2048
osd_max_object_namespace_len = 256
[client]
rgw_rados_pool_pg_num_min = 1
rgw_thread_pool_size = 32
rgw_enable_apis = s3, admin, sts, iam
rgw_sts_key = abcdefghijklmnop
rgw_crypt_require_ssl = false
rgw_override_bucket_index_max_shards = 1
# a quota is felt at once, not after the ten minutes that Ceph caches it
rgw_bucket_quota_ttl = 0
rgw_user_quota_bucket_sync_interval = 0
[client.rgw]
rgw_data = $dir/rgw
rgw_frontends = beast endpoint=127.0.0.1:$http_port ssl_endpoint=127.0.0.1:$tls_port ssl_certificate=$cert ssl_private_key=$key
[client.sts]
rgw_data = $dir/sts
rgw_frontends = beast endpoint=127.0.0.1:$sts_port
rgw_s3_auth_use_sts = true
# a session that runs out while a test waits
rgw_sts_min_session_duration = 1
CONF
export CEPH_CONF=$conf

monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$mon_port/0]" "$dir/monmap" >"$log/monmap.out" 2>&1
ceph-mon --mkfs -i a --monmap "$dir/monmap" >"$log/mon.out" 2>&1
ceph-mon -f -i a >>"$log/mon.out" 2>&1 </dev/null &
timeout 60 ceph --connect-timeout 50 mon stat >/dev/null || fail "no monitor" "$log/mon.out"  # waits for the quorum
echo "monitor is up"

osd_uuid=$(cat /proc/sys/kernel/random/uuid)
ceph osd new "$osd_uuid" 0 >/dev/null
ceph osd crush add osd.0 1.0 host=node root=default >/dev/null 2>&1
mkdir -p "$dir/osd/0"
ceph-osd -i 0 --mkfs --osd-uuid "$osd_uuid" >"$log/osd.out" 2>&1 || fail "no OSD" "$log/osd.out"
ceph-osd -f -i 0 >>"$log/osd.out" 2>&1 </dev/null &
osd=$!
for _ in $(seq 120); do
  ceph osd stat 2>/dev/null | grep -q '1 up' && break
  running "$osd" || fail "the OSD ended" "$log/osd.out"
  sleep 0.25
done
echo "OSD is up"

# its first run makes the zone and its pools
radosgw-admin user create --uid=owner --display-name=Owner --access-key=OWNERKEY --secret=owner-secret-key \
  --caps='roles=*;user-policy=*' >"$log/user.json" 2>"$log/user.err" || fail "no user" "$log/user.err"
for class in STANDARD_IA GLACIER; do  # names to show in a client: plain pools here
  radosgw-admin zonegroup placement add --rgw-zonegroup=default --placement-id=default-placement \
    --storage-class=$class >/dev/null 2>&1
  radosgw-admin zone placement add --rgw-zone=default --placement-id=default-placement --storage-class=$class \
    --data-pool="default.rgw.${class,,}.data" >/dev/null 2>&1
done
echo "user is there"

radosgw -f -n client.rgw >"$log/rgw.out" 2>&1 </dev/null &
radosgw -f -n client.sts >"$log/sts.out" 2>&1 </dev/null &
exec 3<&0
cat <&3 >/dev/null &
echo "gateways start"
wait -n || true  # until standard input closes or a daemon ends
tail -n 5 "$log"/{mon,osd,rgw,sts}.out
