#!/bin/busybox sh
# The first process of the guest: makes the machine ready, runs /command, says how it ended, and powers off.
/bin/busybox --install -s /bin
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order) $(cat /modules/order); do
	[ ! -f "/modules/$module.ko" ] || insmod "/modules/$module.ko" 2>/dev/null
done
mount -t ext4 /dev/vda /verity
echo booted >/dev/vport0p2
sh /command </dev/null >/dev/vport0p1 2>&1
echo $? >/dev/vport0p2
poweroff -f
