PYTHON ?= python3

.PHONY: demo check check-ceph package

demo:
	$(PYTHON) packaging/bootstrap.py demo

check:
	$(PYTHON) packaging/bootstrap.py test

check-ceph:
	$(PYTHON) packaging/bootstrap.py test-ceph

package:
	$(PYTHON) packaging/bootstrap.py package
