#!/bin/sh

test_description='metadata: container, Slurm, Kubernetes, variables'
. ./test-lib.sh

RESUTIL_TEST_META_ROOT=$TRASH_DIRECTORY/root
export RESUTIL_TEST_META_ROOT
unset container KUBERNETES_SERVICE_HOST SLURM_JOB_ID APPTAINER_CONTAINER \
	SINGULARITY_CONTAINER CONTAINER_IMAGE CONTAINER_NAME POD_NAME POD_NAMESPACE POD_UID \
	NODE_NAME JOB_NAME JOB_COMPLETION_INDEX

# put FILE: stdin, below the root that the providers see
put () {
	mkdir -p "root/$(dirname "$1")" && cat >"root/$1"
}

id=$(printf "%064d" 7 | tr 07 af)
pod=0e1ad1b0-9f5e-4c6b-8a86-2d9c0f7a7a10

# container WANT: what is said of it, without its id
container () {
	resutil collect-meta --json container >out &&
	sed "s/$id/ID/" out >got && echo "$1" >want && test_cmp want got
}

test_expect_success 'no container, no cluster: nothing' '
	mkdir root && printf "0::/user.slice/user-0.slice\n" |
	put proc/self/cgroup &&
	echo "11 22 8:1 /$id/x /var/$id/y rw - ext4 /dev/sda rw" |
	put proc/self/mountinfo &&
	resutil collect-meta --json container slurm kubernetes >out &&
	echo "{}" >want && test_cmp want out
'

test_expect_success 'docker, with both kinds of control groups' '
	test_when_finished "rm -r root" && : | put .dockerenv &&
	printf "12:cpu:/docker/%s\n11:x:/y\n" "$id" | put proc/self/cgroup &&
	container "{\"container\":{\"engine\":\"docker\",\"id\":\"ID\"}}" &&
	echo "0::/" | put proc/self/cgroup &&
	printf "%s\n" "1 2 0:1 / / rw - overlay overlay rw,upperdir=/v/overlay2/$(echo $id | tr a b)/diff" \
		"3 1 8:1 /var/lib/docker/containers/$id/hosts /etc/hosts rw - ext4 x rw" |
	put proc/self/mountinfo &&
	container "{\"container\":{\"engine\":\"docker\",\"id\":\"ID\"}}"
'

test_expect_success 'podman tells of its image' '
	test_when_finished "rm -r root" &&
	put run/.containerenv <<-EOF &&
	engine="podman-4.3.1"
	name="quirky \"x\""
	id="$id"
	image="docker.io/library/python:3.11"
	imageid="abc"
	rootless=1
	EOF
	resutil collect-meta --json container >out && cat >want <<-EOF &&
	{"container":{"engine":"podman-4.3.1","name":"quirky \"x\"","id":"$id","image":"docker.io/library/python:3.11","image_id":"abc"}}
	EOF
	test_cmp want out && : | put run/.containerenv &&
	container "{\"container\":{\"engine\":\"podman\"}}"
'

test_expect_success 'apptainer, and what only the environment tells' '
	mkdir -p root &&
	APPTAINER_CONTAINER=/images/a.sif APPTAINER_NAME=a.sif container \
		"{\"container\":{\"engine\":\"apptainer\",\"name\":\"a.sif\",\"image\":\"/images/a.sif\"}}" &&
	SINGULARITY_CONTAINER=/b.sif container \
		"{\"container\":{\"engine\":\"apptainer\",\"image\":\"/b.sif\"}}" &&
	container=systemd-nspawn container \
		"{\"container\":{\"engine\":\"systemd-nspawn\"}}"
'

test_expect_success 'containerd in a pod' '
	test_when_finished "rm -r root" &&
	echo "0::/kubepods.slice/kubepods-pod$(echo $pod | tr - _).slice/cri-containerd-$id.scope" |
	put proc/self/cgroup &&
	container "{\"container\":{\"engine\":\"containerd\",\"id\":\"ID\"}}" &&
	CONTAINER_IMAGE=lab/train:3 container \
		"{\"container\":{\"engine\":\"containerd\",\"id\":\"ID\",\"image\":\"lab/train:3\"}}" &&
	KUBERNETES_SERVICE_HOST=x HOSTNAME=p resutil collect-meta --json kubernetes >out &&
	echo "{\"kubernetes\":{\"pod\":\"p\",\"uid\":\"$pod\"}}" >want &&
	test_cmp want out &&
	echo "9 1 8:1 /var/lib/kubelet/pods/$(echo $pod | tr e f)/etc-hosts /etc/hosts rw" |
	put proc/self/mountinfo &&
	KUBERNETES_SERVICE_HOST=x HOSTNAME=p resutil collect-meta --json kubernetes >out &&
	echo "{\"kubernetes\":{\"pod\":\"p\",\"uid\":\"$(echo $pod | tr e f)\"}}" >want &&
	test_cmp want out
'

test_expect_success 'a job of Slurm' '
	SLURM_JOB_ID=4711 SLURM_JOB_NAME=007 SLURM_ARRAY_JOB_ID=4700 \
	SLURM_ARRAY_TASK_ID=3 SLURM_JOB_PARTITION=gpu SLURMD_NODENAME=n1 \
	SLURM_JOB_NODELIST="n[1-2]" SLURM_NTASKS=8 SLURM_JOB_GPUS=0,1 \
		resutil collect-meta --json slurm >out &&
	cat >want <<-\EOF &&
	{"slurm":{"job_id":4711,"job_name":"007","array_job_id":4700,"array_task_id":3,"partition":"gpu","nodelist":"n[1-2]","node":"n1","ntasks":8,"gpus":"0,1"}}
	EOF
	test_cmp want out
'

test_expect_success 'show tells the job' '
	make_project shown && cd shown &&
	SLURM_JOB_ID=4711 resutil run -m x -- true && resutil show @ >out &&
	test_grep "^job: *Slurm 4711$" out &&
	KUBERNETES_SERVICE_HOST=x POD_NAME=p POD_NAMESPACE=n \
		resutil run -m y -- true && resutil show @ >out &&
	test_grep "^job: *Kubernetes n/p$" out
'

test_expect_success 'a pod of Kubernetes, by its variables' '
	KUBERNETES_SERVICE_HOST=10.0.0.1 POD_NAMESPACE=lab POD_NAME=train-0 \
	POD_UID=$pod NODE_NAME=n1 JOB_COMPLETION_INDEX=4 HOSTNAME=x \
		resutil collect-meta --json kubernetes >out &&
	cat >want <<-EOF &&
	{"kubernetes":{"namespace":"lab","pod":"train-0","uid":"$pod","node":"n1","completion_index":4}}
	EOF
	test_cmp want out
'

test_expect_success 'and by the files that are mounted into it' '
	test_when_finished "rm -r root" &&
	echo lab | put var/run/secrets/kubernetes.io/serviceaccount/namespace &&
	echo hunter2 | put var/run/secrets/kubernetes.io/serviceaccount/token &&
	printf "app=\"train\"\nnote=\"a\\\\\"b\\\\nc\"\n=\"x\"\nno pair\n" |
	put etc/podinfo/labels && echo "$pod" | put etc/podinfo/uid &&
	HOSTNAME=train-1 resutil collect-meta --json kubernetes >out &&
	cat >want <<-EOF &&
	{"kubernetes":{"namespace":"lab","pod":"train-1","uid":"$pod","labels":{"app":"train","note":"a\"b\nc"}}}
	EOF
	test_cmp want out
'

test_expect_success 'files of nonsense' '
	test_when_finished "rm -r root" && mkdir -p root/etc/podinfo root/run &&
	head -c 100000 /dev/zero | put etc/podinfo/labels &&
	head -c 100000 /dev/zero | tr "\0" "=" | put run/.containerenv &&
	printf "\377\033[31m\n" | put etc/podinfo/uid &&
	mkdir -p root/proc/self/cgroup root/etc/podinfo/namespace &&
	(unset HOSTNAME; resutil collect-meta --json container kubernetes) >out &&
	cat >want <<-\EOF &&
	{"container":{"engine":"podman"},"kubernetes":{"uid":{"base64":"/xtbMzFt"}}}
	EOF
	test_cmp want out
'

test_expect_success 'variables: few, and none that could hold a secret' '
	OMP_NUM_THREADS=4 CUDA_VISIBLE_DEVICES= SECRET_TOKEN=hunter2hunter2 \
		DATABASE_URL=x resutil collect-meta --json env >out &&
	cat >want <<-\EOF &&
	{"env":{"CUDA_VISIBLE_DEVICES":"","LANG":"C","LC_ALL":"C","OMP_NUM_THREADS":"4","TZ":"UTC"}}
	EOF
	test_cmp want out
'

test_expect_success 'those that the settings name' '
	make_project proj && cd proj &&
	printf "meta:\n  env: [MY_*, TZ, EMPTY]\n" >>resutil-conf.yaml &&
	MY_A=1 MY_B="a b" MYSELF=2 EMPTY= resutil run -m x -- true &&
	resutil read-exp --json --key meta.env @ >out &&
	echo "{\"EMPTY\":\"\",\"MY_A\":\"1\",\"MY_B\":\"a b\",\"TZ\":\"UTC\"}" >want &&
	test_cmp want out &&
	resutil -c meta.env=TZ,LANG collect-meta --json env >out &&
	echo "{\"env\":{\"LANG\":\"C\",\"TZ\":\"UTC\"}}" >want &&
	test_cmp want out &&
	resutil -c meta.env=no collect-meta --json >out && test_grep ! "\"env\"" out
'

test_expect_success 'a project that is not trusted names none' '
	cd proj && resutil config --untrust &&
	MY_A=1 resutil run -m x -- true 2>err &&
	test_grep "not trusted here: meta.env" err &&
	resutil read-exp --json --key meta.env @ >out &&
	test_grep ! MY_ out && test_grep LANG out && resutil config --trust
'

test_expect_success 'secrets and bytes among them' '
	cd proj &&
	printf "meta:\n  env: \"MY_*\"\n" >conf.end &&
	sed -i "/^meta/,\$d" resutil-conf.yaml &&
	cat conf.end >>resutil-conf.yaml && resutil config --trust &&
	MY_API_TOKEN=hunter2hunter2 MY_URL=https://ann:hunter3hunter3@h/ \
	MY_LONG=$(printf "%05000d" 1) MY_BYTES=$(printf "\377x") \
		resutil run -m x -- true &&
	resutil read-exp --json --key meta.env @ >out &&
	cat >want <<-\EOF &&
	{"MY_API_TOKEN":"<redacted:1>","MY_BYTES":{"base64":"/3g="},"MY_URL":"https://ann:<redacted:2>@h/"}
	EOF
	test_cmp want out && resutil read-exp --json --key redacted @ >out &&
	test_grep "meta.env.MY_API_TOKEN" out
'

test_done
