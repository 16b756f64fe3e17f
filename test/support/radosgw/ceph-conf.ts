/** A cluster of one monitor and one OSD that keeps everything in memory, for nobody but this machine. */
export function cephConf(folder: string, fsid: string, monPort: number): string {
  return `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monPort}/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
paxos propose interval = 0.02
paxos min wait = 0.01
mon tick interval = 1
auth allow insecure global id reclaim = true
run dir = ${folder}
admin socket = ${folder}/$name.$pid.asok
log file = ${folder}/$name.log
crash dir = ${folder}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon data avail crit = 1
mon max pg per osd = 2000
mon osd full ratio = .99
keyring = ${folder}/keyring
[mon]
mon data = ${folder}/mon
mon cluster log file = ${folder}/cluster.log
mon initial members = a
[osd]
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd class load list = *
osd class default list = *
[client]
rgw enable apis = s3, admin
rgw enable usage log = false
rgw enable gc threads = false
rgw enable lc threads = false
rgw thread pool size = 64
rgw data = ${folder}
`;
}
